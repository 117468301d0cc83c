import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { DecisionAction } from '../activities/contract.ts';
import type { Corrections } from '../activities/corrections.ts';
import type { EntityRecords } from '../activities/documents.ts';
import type { Held } from '../activities/held.ts';
import { LandfallError, type Problem } from '../model/errors.ts';
import type { Plan, RunMode } from '../model/plan.ts';
import type { Staging } from '../staging/index.ts';
import type { System } from '../worker/dependencies.ts';
import { dataConverterOf } from '../worker/payloads.ts';
import {
  abort,
  decideGate,
  pause,
  records,
  replay,
  resume,
  signOff,
  status,
  type DecisionOutcome,
} from '../workflows/messages.ts';
import type { migration } from '../workflows/migration.ts';
import { LandfallMigration, LandfallMode, LandfallRun } from '../workflows/search-attributes.ts';
import { ask } from './ask.ts';
import { peopleOf, type LoadedConfig } from './config.ts';
import { runPurpose } from './purpose.ts';
import { version } from './version.ts';

/*
 * What the commands do with runs. Whoever only asks Temporal does not load what works on rows: functions that need it
 * import it themselves.
 */

/** Runs work with the parts of a system, and takes them down again. */
export async function withSystem<T>(loaded: LoadedConfig, work: (system: System) => Promise<T>): Promise<T> {
  const { createSystem } = await import('../worker/dependencies.ts');
  const system = createSystem(loaded.config, loaded.folder);
  try {
    return await work(system);
  } finally {
    await system.close();
  }
}

/** @throws LandfallError `temporal.unreachable` */
export async function withClient<T>(loaded: LoadedConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const { address, namespace } = loaded.config.temporal;
  const dataConverter = dataConverterOf(loaded.config, loaded.folder);
  const connection = await Connection.connect({ address, connectTimeout: '5s' }).catch((error: unknown) => {
    throw new LandfallError({
      code: 'temporal.unreachable',
      kind: 'transient',
      what: 'The Temporal server does not answer.',
      where: { address },
      hint: 'Start it, or mend `temporal.address` in the configuration.',
      cause: error,
    });
  });
  try {
    return await work(new Client({ connection, namespace, dataConverter }));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const ended = /already completed/i.test(error.message);
    throw new LandfallError({
      code: ended ? 'run.ended' : 'run.unknown',
      kind: 'permanent',
      what: ended ? 'The run has ended: nothing can be decided about it any more.' : 'There is no such run.',
      where: { run: error.workflowId, namespace },
      hint: ended
        ? '`landfall status` says how it ended; start a new run for what is left to do.'
        : 'Check its name: `landfall status` lists the runs that there are.',
      cause: error,
    });
  } finally {
    await connection.close();
  }
}

/** Tests connections, rights, shapes and the blueprint, and collects every problem. */
export async function checkMigration(
  loaded: LoadedConfig,
  system: System,
  name: string,
  mode: RunMode,
): Promise<{ plan: Plan | null; problems: Problem[] }> {
  const { makePlan } = await import('../activities/plan.ts');
  const settings = loaded.config.migrations[name];
  return makePlan({
    config: loaded.config,
    folder: loaded.folder,
    migration: name,
    mode,
    version,
    people: peopleOf(loaded),
    source: () => system.source(settings?.source ?? ''),
    target: () => system.target(settings?.target ?? ''),
    budget: system.budget,
    scratch: system.scratch,
  });
}

/** @throws LandfallError `run.engineer` when the person may not start runs of the migration */
export function requireEngineer(plan: Plan, person: string): void {
  if (plan.engineers.includes(person)) return;
  throw new LandfallError({
    code: 'run.engineer',
    kind: 'permanent',
    what: `${person} is not an engineer of this migration.`,
    where: { migration: plan.migration },
    hint: `Start it as one of: ${plan.engineers.join(', ')} (--as).`,
  });
}

/**
 * A live run has its migration to itself. Asked before a run is started, of Temporal's list of runs, which is some moments
 * behind: of runs that are started together each one finds out itself (`claimMigration`).
 *
 * @throws LandfallError `run.another`
 */
export async function requireAlone(loaded: LoadedConfig, client: Client, plan: Plan): Promise<void> {
  const open = [
    `WorkflowType = 'migration' AND ExecutionStatus = 'Running'`,
    `TaskQueue = '${loaded.config.temporal.taskQueue}'`,
    `${LandfallMigration.name} = '${plan.migration}'`,
    ...(plan.mode === 'live' ? [] : [`${LandfallMode.name} = 'live'`]),
  ];
  for await (const { workflowId } of client.workflow.list({ query: open.join(' AND ') })) {
    const { anotherRun } = await import('../activities/alone.ts');
    throw anotherRun(plan.migration, workflowId);
  }
}

/** Stages the plan and starts its run. */
export async function startRun(
  loaded: LoadedConfig,
  system: System,
  client: Client,
  of: { plan: Plan; run: string; startedBy: string },
): Promise<string> {
  requireEngineer(of.plan, of.startedBy);
  const { putPlan } = await import('../activities/documents.ts');
  const plan = await putPlan(await system.staging(of.run), of.plan);
  await client.workflow.start<typeof migration>('migration', {
    workflowId: of.run,
    taskQueue: loaded.config.temporal.taskQueue,
    args: [{ run: of.run, plan, startedBy: of.startedBy }],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    staticSummary: `${of.plan.blueprint.title} (${of.plan.mode})`,
    staticDetails: runPurpose({ ...of, digest: plan }),
    typedSearchAttributes: [
      { key: LandfallRun, value: of.run },
      { key: LandfallMigration, value: of.plan.migration },
      { key: LandfallMode, value: of.plan.mode },
    ],
  });
  return plan;
}

const updates = { 'sign-off': signOff, 'quality-gate': decideGate, pause, resume, abort, replay } as const;

/** How long a run may take to open its plan, and between two tries to be heard, in milliseconds. */
const OpeningMs = 30_000;
const LookMs = 250;

/** A run that has just been started takes no decisions before its plan is open; what it refuses so leaves no trace. */
function isOpening(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError && error.cause?.message.startsWith('No registered handler') === true
  );
}

/** Sends a person's decision to a run, asserted with the person's key. */
export async function decide(
  client: Client,
  of: {
    run: string;
    person: string;
    key: string | undefined;
    action: DecisionAction;
    decision: string;
    about: string | null;
    /** The digest of a staged comment. */
    comment?: string | undefined;
  },
): Promise<DecisionOutcome> {
  const { assertDecision } = await import('./people.ts');
  const asserted = await assertDecision(of);
  for (const deadline = Date.now() + OpeningMs; ; await sleep(LookMs)) {
    try {
      return await client.workflow.getHandle(of.run).executeUpdate(updates[of.action], { args: [asserted] });
    } catch (error) {
      if (!isOpening(error) || Date.now() > deadline) throw error;
    }
  }
}

/** Works on what a run holds back, with its plan and what it knows of its entities. */
async function withRun<T>(
  loaded: LoadedConfig,
  run: string,
  work: (staging: Staging, plan: Plan, known: EntityRecords) => Promise<T>,
): Promise<T> {
  const now = await withClient(loaded, async (client) => {
    return { plan: (await ask(client, run, status)).plan, ...(await ask(client, run, records)) };
  });
  return withSystem(loaded, async (system) => {
    const { loadPlan, readRecords } = await import('../activities/documents.ts');
    const staging = await system.staging(run);
    const staged = now.staged === null ? {} : await readRecords(staging, now.staged);
    return work(staging, await loadPlan(staging, now.plan), { ...staged, ...now.since });
  });
}

/** The rows that a run holds back. */
export function heldRows(loaded: LoadedConfig, run: string, options: { reveal: boolean }): Promise<Held[]> {
  return withRun(loaded, run, async (staging, plan, known) => {
    const { readHeld } = await import('../activities/held.ts');
    return readHeld(staging, plan, known, options);
  });
}

/**
 * Stages corrections of rows that a run holds back.
 *
 * @returns their digest, or every problem with them
 */
export function stageCorrections(
  loaded: LoadedConfig,
  run: string,
  corrections: Corrections,
): Promise<{ digest: string | null; problems: Problem[] }> {
  return withRun(loaded, run, async (staging, plan, known) => {
    const { checkCorrections, putCorrections } = await import('../activities/corrections.ts');
    const problems = await checkCorrections(staging, plan, known, corrections);
    return { digest: problems.length > 0 ? null : await putCorrections(staging, corrections), problems };
  });
}

/** Stages what a person wrote with a decision: texts of people never go into history. @returns its digest */
export function stageComment(loaded: LoadedConfig, run: string, comment: string): Promise<string> {
  return withSystem(loaded, async (system) => {
    const { putComment } = await import('../activities/decisions.ts');
    return putComment(await system.staging(run), comment);
  });
}

/** What is staged about a failure. It may hold values of rows. */
export function stagedFailure(loaded: LoadedConfig, run: string, id: string): Promise<string> {
  return withSystem(loaded, async (system) => {
    const { readFailure } = await import('../activities/failures.ts');
    return readFailure(await system.staging(run), id);
  });
}

/**
 * The report that a run stands by.
 *
 * @throws LandfallError `report.none`
 */
export async function reportDigest(loaded: LoadedConfig, run: string): Promise<string> {
  const now = await withClient(loaded, (client) => ask(client, run, status));
  if (now.report) return now.report.digest;
  throw new LandfallError({
    code: 'report.none',
    kind: 'permanent',
    what: 'The run has no report yet.',
    where: { run, phase: now.phase },
    hint: 'Wait until it has been reconciled: `landfall status RUN --watch`.',
  });
}
