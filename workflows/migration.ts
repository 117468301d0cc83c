import {
  CancellationScope,
  CancelledFailure,
  condition,
  ContinueAsNew,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
  allHandlersFinished,
} from '@temporalio/workflow';
import type { RunRef } from '../activities/contract.ts';
import type { PlanOutline } from '../model/plan.ts';
import type { Phase } from '../model/run.ts';
import { replayAfterLoad, replayBeforeLoad } from './correction.ts';
import { decidedOrReplay, listen } from './decisions.ts';
import { LinesOnPage, someOf } from './details.ts';
import { extractAll } from './extraction.ts';
import { Aborted, failureOf, permanent } from './failures.ts';
import { attachAll, loadAll, prepare, readBackAll, referAll } from './loading.ts';
import { leaseHeld, leaseLost, progress, records, status } from './messages.ts';
import { opening, type MigrationInput, type Stage } from './memory.ts';
import { Run } from './run.ts';
import { LandfallMigration, LandfallMode, LandfallRun, LandfallWaiting } from './search-attributes.ts';
import { openingSteps } from './steps.ts';

export interface MigrationOutcome {
  phase: Phase;
  report: string | null;
  verdict: string | null;
  signedBy: string | null;
}

/** Proves that both systems are what the plan was made for, and takes what mappings look up. */
async function assess(run: Run): Promise<void> {
  await Promise.all([run.steps.assessSource(run.of), run.steps.assessTarget(run.of)]);
  await run.steps.stageLookups(run.of);
  if (run.outline.entities.some((one) => one.consistency === 'frozen')) await run.freeze();
}

/** Reads everything; people go on working in the source as soon as nothing needs it to stand still. */
async function extract(run: Run): Promise<void> {
  await extractAll(run);
  if (!run.memory.frozen) return;
  await run.steps.proveFrozen(run.of);
  if (run.outline.mode === 'rehearsal') await run.thaw();
}

/** Entities that the quality gate names. */
const Named = 20;

/** Nothing is loaded before the share of rejects is within what the blueprint allows, or an engineer says so. */
async function qualityGate(run: Run): Promise<boolean> {
  for (;;) {
    const empty = run.marks.nothingReady.names().map((name) => run.outlineOf(name).title);
    if (empty.length > 0) {
      throw permanent(
        'accounting.nothing-ready',
        `${someOf(empty)}: the source has rows, but none became ready.`,
        'Look at the rejects: `landfall rejects`.',
      );
    }
    const over = run.marks.overLimit.names();
    if (over.length === 0) return true;
    const named = over.slice(0, Named);
    await run.recall(named);
    const parts = named.flatMap((name) => run.overLimit(name));
    const more = over.length > named.length ? ` and ${over.length - named.length} more entities` : '';
    // Whoever decides looks at the rejects, which are found by what is staged.
    await run.knowledge.stage();
    run.enter('quality-gate');
    run.wait({
      on: 'quality-gate',
      who: run.outline.engineers,
      since: new Date().toISOString(),
      note: `more rejects than the blueprint allows in ${parts.join(', ')}${more}`,
    });
    const came = await decidedOrReplay(run, () => run.memory.gate !== null);
    run.wait(null);
    if (came === 'decided') {
      if (run.memory.gate === 'load') return true;
      const hint = 'Correct the rejects, then start anew.';
      run.status.failure = { code: Aborted, what: 'Stopped at the quality gate.', hint, details: null };
      return false;
    }
    const asked = run.status.replays.at(-1);
    if (asked) await replayBeforeLoad(run, asked);
  }
}

async function reconcile(run: Run): Promise<void> {
  run.status.report = null;
  const { startedAt } = run.status;
  const { sourceFigures, corrections } = run.memory;
  const entities = await run.knowledge.stage();
  run.status.report = await run.steps.reconcile({ ...run.of, entities, sourceFigures, corrections, startedAt });
  run.overview.allDone();
  for (const one of run.status.replays) if (one.outcome === 'running') one.outcome = 'done';
}

/** Waits for an owner. Engineers may replay what is held back meanwhile: then another report is made. */
async function signOff(run: Run): Promise<boolean> {
  for (;;) {
    run.enter('sign-off');
    const { report } = run.status;
    const note = `report ${report?.digest.slice(0, 16) ?? ''} (${report?.verdict ?? ''})`;
    run.wait({ on: 'sign-off', who: run.outline.owners, since: new Date().toISOString(), note });
    const came = await decidedOrReplay(run, () => run.status.signed !== null);
    run.wait(null);
    if (came === 'decided') return run.status.signed?.decision === 'signed';
    const asked = run.status.replays.at(-1);
    if (asked && (await replayAfterLoad(run, asked))) await reconcile(run);
    await run.rest();
  }
}

/** The source refuses writes, is proven to hold what was signed, and the target is marked as the system of record. */
async function cutOver(run: Run): Promise<void> {
  if (run.outline.mode !== 'live') return;
  await run.uncut(async () => {
    if (run.outline.canFreeze) await run.freeze();
    await run.steps.proveUnchanged({ ...run.of, entities: await run.knowledge.stage() });
    // From here on the target may have been marked: whatever comes, the source does not take writes beside it.
    run.memory.switched = true;
    await run.steps.goLive({ ...run.of, report: run.status.report?.digest ?? '', record: run.memory.signature });
  });
}

/** A run whose work is done does not fail for what it leaves behind: after a switch that would be taken for no switch. */
async function collect(run: Run): Promise<void> {
  try {
    await run.steps.collect({ ...run.of, entities: await run.knowledge.stage() });
  } catch (error) {
    if (isCancellation(error)) throw error;
    run.status.failure = { ...failureOf(error), hint: 'The run is done. What was left in staging only takes space.' };
  }
}

/** How a run goes: each stage passes over what it has to do, and says `false` to end the run there. */
const stages: { name: Stage; phase: Phase; pass: (run: Run) => Promise<unknown> }[] = [
  { name: 'assess', phase: 'assess', pass: assess },
  { name: 'extract', phase: 'extract', pass: extract },
  { name: 'transform', phase: 'transform', pass: (run) => run.each((one) => prepare(run, one)) },
  { name: 'quality-gate', phase: 'transform', pass: qualityGate },
  { name: 'load', phase: 'load', pass: (run) => loadAll(run) },
  { name: 'refer', phase: 'load', pass: (run) => referAll(run) },
  { name: 'attach', phase: 'load', pass: (run) => attachAll(run) },
  { name: 'read-back', phase: 'reconcile', pass: (run) => readBackAll(run) },
  { name: 'reconcile', phase: 'reconcile', pass: reconcile },
  { name: 'sign-off', phase: 'sign-off', pass: signOff },
  { name: 'cut-over', phase: 'cut-over', pass: cutOver },
  { name: 'collect', phase: 'cut-over', pass: collect },
];

/** Goes from stage to stage, and continues as new between two of them, or between two entities, where it must. */
async function walk(run: Run): Promise<void> {
  await run.recall(run.outline.entities.slice(0, LinesOnPage).map((one) => one.name));
  for (const { name, phase, pass } of stages.slice(stages.findIndex((one) => one.name === run.memory.stage))) {
    run.memory.stage = name;
    // A step that ended all the same says nothing of an abort, and the cut-over cannot be cut off once it began.
    if (CancellationScope.current().consideredCancelled) {
      // After the switch nothing is left but to collect, and who takes the run for aborted lets people write again.
      if (name === 'collect' && run.memory.switched) return;
      throw new CancelledFailure(`stopped before ${name}`);
    }
    if (run.status.phase !== phase && (phase !== 'cut-over' || run.outline.mode === 'live')) run.enter(phase);
    if ((await pass(run)) === false) return;
    run.through.clear();
    const next = stages[stages.findIndex((one) => one.name === name) + 1];
    if (next) run.memory.stage = next.name;
    await run.rest();
  }
}

function noteThaw(run: Run, error: unknown): void {
  const { failure } = run.status;
  if (!failure) return;
  failure.what += ` And the source still refuses writes: ${failureOf(error).what}`;
  failure.hint += ' Ask the database’s administrator to let writes in again.';
}

/** Runs work until it ends, fails, or is stopped by a person. @returns how it ended; throws where it failed */
async function untilStopped(run: Run, scope: CancellationScope, work: () => Promise<void>): Promise<Phase> {
  const { status: now } = run;
  try {
    await scope.run(work);
    const end = now.failure?.code === Aborted ? 'aborted' : 'done';
    if (!run.memory.switched) await run.uncut(() => run.thaw());
    run.enter(end);
    await run.uncut(() => condition(() => run.deciding === 0 && allHandlersFinished()));
    return end;
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const stopped = now.failure !== null && isCancellation(error);
    now.failure ??= failureOf(error);
    run.wait(null);
    // Whatever went wrong, people are not left with a system that refuses their work; a failure of this is not hidden.
    if (!run.memory.switched) await run.uncut(() => run.thaw()).catch((again: unknown) => noteThaw(run, again));
    await run.uncut(() => condition(() => run.deciding === 0 && allHandlersFinished()));
    run.enter('aborted');
    if (stopped) return 'aborted';
    throw error;
  }
}

/** What the workflow needs of its plan, page by page. */
async function outlineOf(of: RunRef): Promise<PlanOutline> {
  const first = await openingSteps.openPlan({ ...of, from: 0 });
  const paged = first.entities;
  for (let from = first.next; from !== null;) {
    const page = await openingSteps.openPlan({ ...of, from });
    paged.push(...page.entities);
    from = page.next;
  }
  const named = (numbers: readonly number[]): string[] => numbers.flatMap((number) => paged[number]?.name ?? []);
  const entities = paged.map((one) => ({
    ...one,
    loadAfter: named(one.loadAfter),
    pointsAt: named(one.pointsAt),
  }));
  return { ...first.outline, entities };
}

/** One run of one migration, from the first look at both systems to the switch. */
export async function migration(input: MigrationInput): Promise<MigrationOutcome> {
  // Whoever asks before the plan is open gets an answer too.
  setHandler(status, () => opening(input));
  setHandler(records, () => ({ staged: input.carried?.entities ?? null, since: {} }));
  // Also who is cancelled now may hold the source: only with its plan can it be given back.
  const of = { run: input.run, plan: input.plan };
  const outline = await CancellationScope.nonCancellable(() => outlineOf(of));
  const run = new Run(input, outline);
  const work = new CancellationScope();

  setHandler(status, () => run.overview.told(), { description: 'How far the run is, what it waits for and on whom.' });
  setHandler(records, () => run.knowledge.whereabouts, { description: 'Where the figures of each entity are staged.' });
  setHandler(leaseLost, (told) => run.losesLease(told.epoch, told.refused), {
    description: 'From the holder of the snapshot: it is gone.',
  });
  setHandler(leaseHeld, () => {}, { description: 'From the holder of the snapshot: looks whether the run goes on.' });
  setHandler(progress, (told) => run.heard(told), { description: 'From a step: how far it is.' });
  listen(run, input.startedBy, () => work.cancel());
  upsertSearchAttributes([
    { key: LandfallRun, value: input.run },
    { key: LandfallMigration, value: outline.migration },
    { key: LandfallMode, value: outline.mode },
    { key: LandfallWaiting, value: '' },
  ]);

  const end = await untilStopped(run, work, () => walk(run));
  return {
    phase: end,
    report: run.status.report?.digest ?? null,
    verdict: run.status.report?.verdict ?? null,
    signedBy: run.status.signed?.decision === 'signed' ? run.status.signed.by : null,
  };
}
