import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { AssertedDecision, DecisionAccepted, DecisionAction, Ledgers } from '../activities/contract.ts';
import type { EntityOutline, PlanOutline } from '../model/plan.ts';
import {
  addCounts,
  type CountsByPart,
  type EntityStatus,
  type Phase,
  type RunStatus,
  type Step,
} from '../model/run.ts';
import { runDetails } from './details.ts';
import { entity as entityWorkflow, isLostLease, type EntityInput, type EntityOutcome } from './entity.ts';
import {
  abort,
  decideGate,
  ledgers as ledgersQuery,
  pause,
  progress,
  resume,
  setPaused,
  signOff,
  status,
  type DecisionOutcome,
} from './messages.ts';
import { boundedFanOut, inDependencyOrder } from './schedule.ts';
import {
  LandfallEntity,
  LandfallMigration,
  LandfallMode,
  LandfallPhase,
  LandfallRun,
  LandfallWaiting,
} from './search-attributes.ts';
import { holdingSteps, openingSteps, stepsFor } from './steps.ts';

export interface MigrationInput {
  run: string;
  plan: string;
  /** Who started the run: nobody signs their own. */
  startedBy: string;
}

export interface MigrationOutcome {
  phase: Phase;
  report: string | null;
  verdict: string | null;
  signedBy: string | null;
}

/** Ended by a person. What is staged and what is in the target stays as it is. */
const Aborted = 'aborted';

/** Shares of rows that the quality gate lets pass are judged by part, as the blueprint states them. */
function overLimit(outline: EntityOutline, counts: CountsByPart): string[] {
  return outline.parts.filter((part) => {
    const c = addCounts(counts[part] ?? {});
    return c.extracted > 0 && c.rejected / c.extracted > outline.rejectLimit;
  });
}

function merged(a: CountsByPart, b: CountsByPart): CountsByPart {
  const parts = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...parts].map((part) => [part, addCounts(a[part] ?? {}, b[part] ?? {})]));
}

/** Every row that was extracted must have come into the transform, regrouped or not. */
function requireSameRows(entity: string, extracted: CountsByPart, transformed: CountsByPart): void {
  for (const part of Object.keys(extracted)) {
    const before = addCounts(extracted[part] ?? {}).extracted;
    const after = addCounts(transformed[part] ?? {}).extracted;
    if (before === after) continue;
    throw ApplicationFailure.create({
      type: 'permanent',
      message: `accounting.imbalance: ${before} rows of ${part} were extracted, but ${after} were transformed.`,
      details: [
        {
          code: 'accounting.imbalance',
          what: `${entity}: ${before} rows of ${part} were extracted, but ${after} were transformed.`,
          hint: 'This is a defect in Landfall: please report it.',
        },
      ],
      nonRetryable: true,
    });
  }
}

/** What a failure tells operators: the code and the remedy that the failing step gave. */
function failureOf(error: unknown): NonNullable<RunStatus['failure']> {
  let cause: unknown = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause)
    cause = cause.cause;
  const details =
    cause instanceof ApplicationFailure ? (cause.details?.[0] as Record<string, unknown> | undefined) : undefined;
  const text = (name: string): string => (typeof details?.[name] === 'string' ? details[name] : '');
  return {
    code: text('code') || 'unexpected',
    what: text('what') || (cause instanceof Error ? cause.message : String(cause)),
    hint: text('hint'),
    details: text('staged') || null,
  };
}

function opening(input: MigrationInput): RunStatus {
  const startedAt = new Date(workflowInfo().startTime).toISOString();
  return {
    run: input.run,
    migration: '',
    mode: 'rehearsal',
    plan: input.plan,
    phase: 'assess',
    paused: false,
    waiting: null,
    entities: [],
    report: null,
    signed: null,
    failure: null,
    startedAt,
    updatedAt: startedAt,
  };
}

/** One run of one migration, from the first look at both systems to the switch. */
export async function migration(input: MigrationInput): Promise<MigrationOutcome> {
  // Whoever asks before the plan is open gets an answer too.
  setHandler(status, () => opening(input));
  const outline: PlanOutline = await openingSteps.openPlan({ run: input.run, plan: input.plan });
  const { options } = outline;
  const sides = { source: outline.source, target: outline.target };
  const steps = stepsFor(sides, options);
  const of = { run: input.run, plan: input.plan };
  const startedAt = new Date(workflowInfo().startTime).toISOString();
  const byName = new Map(outline.entities.map((one) => [one.name, one]));

  const ledgers: Record<string, Ledgers> = {};
  const counts: Record<string, CountsByPart> = {};
  const chunks: Record<string, number> = {};
  const chunkPlans: Record<string, string> = {};
  const crosswalks: Record<string, string> = {};
  const children = new Set<string>();
  const now: RunStatus = {
    ...opening(input),
    migration: outline.migration,
    mode: outline.mode,
    entities: outline.entities.map((one): EntityStatus => ({
      name: one.name,
      title: one.title,
      step: null,
      state: 'waiting',
      chunksDue: 0,
      chunksDone: 0,
      rowsDue: 0,
      rowsDone: 0,
      counts: {},
    })),
  };
  let gate: string | null = null;
  let deciding = 0;
  const work = new CancellationScope();

  const show = (): void => {
    now.updatedAt = new Date().toISOString();
    setCurrentDetails(runDetails(now));
  };
  const enter = (phase: Phase): void => {
    now.phase = phase;
    upsertSearchAttributes([{ key: LandfallPhase, value: phase }]);
    show();
  };
  const wait = (waiting: RunStatus['waiting']): void => {
    now.waiting = waiting;
    upsertSearchAttributes([{ key: LandfallWaiting, value: waiting ? waiting.on : '' }]);
    show();
  };
  const statusOf = (name: string): EntityStatus => {
    const found = now.entities.find((one) => one.name === name);
    if (!found) throw new Error(`no entity ${name}`);
    return found;
  };

  setHandler(status, () => now);
  setHandler(ledgersQuery, () => ledgers);
  setHandler(progress, (told) => {
    const one = statusOf(told.entity);
    Object.assign(one, { step: told.step, chunksDue: told.chunksDue, chunksDone: told.chunksDone });
    show();
  });

  /** Appends the decision to the evidence, looks at the state again, and only then lets it count. */
  const decide = async (
    action: DecisionAction,
    decision: AssertedDecision,
    about: () => string | null,
    apply: (accepted: DecisionAccepted) => void,
    stands: () => boolean,
  ): Promise<DecisionOutcome> => {
    deciding += 1;
    try {
      const named = about();
      const accepted = await steps.acceptDecision({
        ...of,
        decision,
        about: named,
        startedBy: input.startedBy,
        verdict: now.report?.verdict ?? null,
      });
      if (!stands() || about() !== named) {
        throw ApplicationFailure.create({
          type: 'decision.too-late',
          message:
            'decision.too-late: The run has moved on since the decision was made. Look at its status and decide again.',
          nonRetryable: true,
        });
      }
      apply(accepted);
      show();
      return { person: accepted.person, decision: accepted.decision, record: accepted.record };
    } catch (error) {
      if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) throw error.cause;
      throw error;
    } finally {
      deciding -= 1;
    }
  };
  const only = (condition: boolean, why: string): void => {
    if (!condition) throw new Error(why);
  };
  const ended = (): boolean => now.phase === 'done' || now.phase === 'aborted';
  const tellChildren = async (paused: boolean): Promise<void> => {
    await Promise.all(
      [...children].map((id) =>
        getExternalWorkflowHandle(id)
          .signal(setPaused, paused)
          .catch(() => {}),
      ),
    );
  };

  setHandler(
    signOff,
    (decision) =>
      decide(
        'sign-off',
        decision,
        () => now.report?.digest ?? null,
        (accepted) => {
          const verdict = accepted.decision === 'signed' ? 'signed' : 'refused';
          now.signed = { by: accepted.person, decision: verdict, report: accepted.about ?? '' };
          signature = accepted.record;
        },
        () => now.phase === 'sign-off' && now.signed === null,
      ),
    {
      validator: (_decision: AssertedDecision) =>
        only(now.phase === 'sign-off' && now.signed === null, 'There is no report that waits for a signature.'),
    },
  );
  setHandler(
    decideGate,
    (decision) =>
      decide(
        'quality-gate',
        decision,
        () => null,
        (accepted) => (gate = accepted.decision),
        () => now.phase === 'quality-gate' && gate === null,
      ),
    {
      validator: (_decision: AssertedDecision) =>
        only(now.waiting?.on === 'quality-gate', 'The run does not wait at the quality gate.'),
    },
  );
  setHandler(
    pause,
    (decision) =>
      decide(
        'pause',
        decision,
        () => null,
        () => void (now.paused = true),
        () => !ended(),
      ).finally(() => tellChildren(now.paused)),
    { validator: (_decision: AssertedDecision) => only(!ended() && !now.paused, 'The run is not at work.') },
  );
  setHandler(
    resume,
    (decision) =>
      decide(
        'resume',
        decision,
        () => null,
        () => void (now.paused = false),
        () => !ended(),
      ).finally(() => tellChildren(now.paused)),
    { validator: (_decision: AssertedDecision) => only(now.paused, 'The run is not paused.') },
  );
  setHandler(
    abort,
    (decision) =>
      decide(
        'abort',
        decision,
        () => null,
        (accepted) => {
          now.failure = {
            code: Aborted,
            what: `Aborted by ${accepted.person}.`,
            hint: 'Start a new run when ready.',
            details: null,
          };
          work.cancel();
        },
        () => !ended() && now.phase !== 'cut-over',
      ),
    {
      validator: (_decision: AssertedDecision) =>
        only(!ended() && now.phase !== 'cut-over', 'The run can no longer be aborted.'),
    },
  );
  let signature = -1;

  upsertSearchAttributes([
    { key: LandfallRun, value: input.run },
    { key: LandfallMigration, value: outline.migration },
    { key: LandfallMode, value: outline.mode },
    { key: LandfallWaiting, value: '' },
  ]);

  const take = async (name: string, step: Step, over: Partial<EntityInput> = {}): Promise<EntityOutcome> => {
    await condition(() => !now.paused);
    const outlineOf = byName.get(name);
    const one = statusOf(name);
    const due = over.chunks ?? chunks[name] ?? 0;
    Object.assign(one, { step, state: 'running', chunksDue: due, chunksDone: 0 });
    show();
    const workflowId = `${input.run}/${name}/${step}${over.lease === undefined ? '' : `/${over.lease ?? 0}`}`;
    children.add(workflowId);
    try {
      const outcome = await executeChild(entityWorkflow, {
        workflowId,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `${outlineOf?.title ?? name}: ${step}`,
        typedSearchAttributes: [
          { key: LandfallRun, value: input.run },
          { key: LandfallEntity, value: name },
        ],
        args: [
          {
            ...of,
            entity: name,
            title: outlineOf?.title ?? name,
            step,
            chunks: due,
            lease: null,
            chunkPlan: chunkPlans[name] ?? null,
            prior: null,
            partitions: 1,
            ledgers: ledgers[name] ?? {},
            crosswalks: {},
            sides,
            options,
            paused: now.paused,
            carried: null,
            ...over,
          },
        ],
      });
      one.chunksDone = due;
      if (outcome.complete) {
        ledgers[name] = { ...ledgers[name], [step]: outcome.ledger };
        if (step === 'transform') requireSameRows(name, counts[name] ?? {}, outcome.counts);
        // A transform counts its source rows anew; every later step adds to its figures.
        const anew = step === 'extract' || step === 'transform';
        counts[name] = merged(anew ? {} : (counts[name] ?? {}), outcome.counts);
        one.counts = counts[name];
      }
      return outcome;
    } finally {
      children.delete(workflowId);
      show();
    }
  };
  const idle = (name: string): void => {
    Object.assign(statusOf(name), { state: 'waiting', step: null });
    show();
  };
  const each = (workOn: (one: EntityOutline) => Promise<void>): Promise<void> =>
    boundedFanOut(outline.entities, options.entityFanOut, async (one) => {
      await workOn(one);
      idle(one.name);
    });

  /** @returns whether every entity was read under this lease */
  const extractUnder = async (
    lease: number | null,
    prior: Record<string, string>,
    isLost: () => boolean,
  ): Promise<boolean> => {
    let complete = true;
    await each(async ({ name, parts }) => {
      if (isLost() || !complete) {
        complete = false;
        return;
      }
      const one = statusOf(name);
      if (chunkPlans[name] === undefined) {
        const planned = await steps.planChunks.executeWithOptions({ summary: name }, [{ ...of, entity: name, lease }]);
        chunkPlans[name] = planned.chunkPlan;
        chunks[name] = planned.chunks;
        one.rowsDue = planned.rowsDue;
      }
      const outcome = await take(name, 'extract', { lease, prior: prior[name] ?? null });
      prior[name] = outcome.ledger;
      if (!outcome.complete) complete = false;
      one.rowsDue = parts.reduce((sum, part) => sum + addCounts(outcome.counts[part] ?? {}).extracted, 0);
    });
    return complete;
  };

  /** Reads everything under one snapshot; when that is lost, opens another and keeps what still stands. */
  const extractAll = async (): Promise<string> => {
    const prior: Record<string, string> = {};
    for (let epoch = 1; ; epoch += 1) {
      const lease = outline.needsLease ? epoch : null;
      const holding = new CancellationScope();
      let lost = false;
      if (lease !== null) {
        void holding
          .run(() => holdingSteps(sides, options).holdLease({ ...of, epoch: lease }))
          .then(
            () => void (lost = true),
            (error: unknown) => {
              if (!isCancellation(error)) lost = true;
            },
          );
        const ready = holding.run(() => steps.awaitLease({ ...of, epoch: lease }));
        await Promise.race([ready, condition(() => lost)]);
      }
      try {
        if (!lost && (await extractUnder(lease, prior, () => lost))) {
          const measured = await steps.measureSource({ ...of, lease });
          return measured.digest;
        }
      } catch (error) {
        if (!isLostLease(error)) throw error;
      } finally {
        holding.cancel();
      }
    }
  };

  const prepare = async ({ name, keyed, parts }: EntityOutline): Promise<void> => {
    if (keyed) {
      const rows = parts.reduce((sum, part) => sum + addCounts(counts[name]?.[part] ?? {}).extracted, 0);
      const partitions = Math.max(1, Math.ceil(rows / options.chunkRows));
      await take(name, 'regroup', { partitions });
      chunks[name] = partitions;
    }
    await take(name, 'transform');
    await steps.sealTransform({ ...of, entity: name, ledgers: ledgers[name] ?? {} });
  };

  const qualityGate = async (): Promise<void> => {
    const over = outline.entities.flatMap((one) => overLimit(one, counts[one.name] ?? {}));
    const empty = outline.entities.filter((one) => {
      const c = addCounts(counts[one.name]?.[one.name] ?? {});
      return c.extracted > 0 && c.ready === 0;
    });
    if (empty.length > 0) {
      throw ApplicationFailure.create({
        type: 'permanent',
        message: 'accounting.nothing-ready: an entity has rows in the source and none that is ready.',
        details: [
          {
            code: 'accounting.nothing-ready',
            what: `${empty.map((one) => one.title).join(', ')}: the source has rows, but none became ready.`,
            hint: 'Look at the rejects: `landfall rejects`.',
          },
        ],
        nonRetryable: true,
      });
    }
    if (over.length === 0) return;
    enter('quality-gate');
    wait({
      on: 'quality-gate',
      who: outline.engineers,
      since: new Date().toISOString(),
      note: `more rejects than the blueprint allows in ${over.join(', ')}`,
    });
    await condition(() => gate !== null);
    wait(null);
    if (gate !== 'load') {
      now.failure = {
        code: Aborted,
        what: 'Stopped at the quality gate.',
        hint: 'Correct the rejects, then start anew.',
        details: null,
      };
      work.cancel();
      CancellationScope.current().cancel();
      await condition(() => false);
    }
  };

  const loadAll = async (): Promise<void> => {
    await inDependencyOrder(
      outline.entities,
      (one) => one.loadAfter,
      options.entityFanOut,
      async ({ name, loadAfter }) => {
        const pointed = Object.fromEntries(
          loadAfter.flatMap((other) => (crosswalks[other] === undefined ? [] : [[other, crosswalks[other]]])),
        );
        await take(name, 'load', { crosswalks: pointed });
        const sealed = await steps.sealLoad({ ...of, entity: name, ledgers: ledgers[name] ?? {} });
        crosswalks[name] = sealed.digest;
        idle(name);
      },
    );
    for (const { name, later } of outline.entities) {
      if (later) {
        await take(name, 'references', { crosswalks });
        idle(name);
      }
    }
  };

  const run = async (): Promise<void> => {
    enter('assess');
    await Promise.all([steps.assessSource(of), steps.assessTarget(of)]);
    await steps.stageLookups(of);
    if (outline.entities.some((one) => one.consistency === 'frozen')) await steps.freezeSource(of);

    enter('extract');
    const sourceFigures = await extractAll();
    enter('transform');
    await each(prepare);
    await qualityGate();

    enter('load');
    await loadAll();
    for (const { name, attachments } of outline.entities) {
      if (!attachments) continue;
      await take(name, 'attachments');
      idle(name);
    }

    enter('reconcile');
    await each(async ({ name, parts }) => void (await take(name, 'readback', { chunks: parts.length })));
    now.report = await steps.reconcile({
      ...of,
      ledgers,
      crosswalks,
      counts,
      sourceFigures,
      startedAt,
    });
    for (const one of now.entities) Object.assign(one, { state: 'done', step: null });

    enter('sign-off');
    const note = `report ${now.report.digest.slice(0, 16)} (${now.report.verdict})`;
    wait({ on: 'sign-off', who: outline.owners, since: new Date().toISOString(), note });
    await condition(() => now.signed !== null);
    wait(null);
    if (now.signed?.decision !== 'signed') return;

    if (outline.mode === 'live') {
      enter('cut-over');
      await CancellationScope.nonCancellable(async () => {
        if (outline.canFreeze) await steps.freezeSource(of);
        await steps.proveUnchanged({ ...of, ledgers, chunkPlans });
        await steps.goLive({ ...of, report: now.report?.digest ?? '', record: signature });
      });
    }
    await steps.collect({ ...of, ledgers, crosswalks });
  };

  const outcome = (phase: Phase): MigrationOutcome => ({
    phase,
    report: now.report?.digest ?? null,
    verdict: now.report?.verdict ?? null,
    signedBy: now.signed?.decision === 'signed' ? now.signed.by : null,
  });
  try {
    await work.run(run);
    enter('done');
    await condition(() => deciding === 0 && allHandlersFinished());
    return outcome('done');
  } catch (error) {
    const stopped = now.failure !== null && isCancellation(error);
    now.failure ??= failureOf(error);
    wait(null);
    await CancellationScope.nonCancellable(() => condition(() => deciding === 0 && allHandlersFinished()));
    enter('aborted');
    if (stopped) return outcome('aborted');
    throw error;
  }
}
