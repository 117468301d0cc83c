import type { EntityOutline } from '../model/plan.ts';
import type { EntityRecord } from '../activities/contract.ts';
import type { ReplayStatus } from '../model/run.ts';
import { failureOf, isRefusal } from './failures.ts';
import { attachAll, loadAll, prepare, readBackAll, referAll } from './loading.ts';
import type { Run } from './run.ts';

/** Some entities, and every entity that points at one of them, directly or not. */
function withDependants(run: Run, names: ReadonlySet<string>): Set<string> {
  const reached = new Set(names);
  for (let size = -1; size !== reached.size;) {
    size = reached.size;
    for (const { name, pointsAt } of run.outline.entities) {
      if (pointsAt.some((other) => reached.has(other))) reached.add(name);
    }
  }
  return reached;
}

/**
 * Puts a person's corrections over what was extracted and maps it again. Nothing is written to the target yet: where
 * the corrections do not hold, everything is as it was.
 *
 * @returns the entities that were mapped again, or null when the corrections were refused
 */
async function correct(run: Run, replay: ReplayStatus): Promise<Set<string> | null> {
  if (replay.corrections === null) return new Set();
  const before = new Map<string, EntityRecord>();
  try {
    const entities = await run.knowledge.stage();
    const applied = await run.steps.applyCorrections({ ...run.of, entities, corrections: replay.corrections });
    await run.recall(Object.keys(applied.ledgers));
    for (const [name, ledger] of Object.entries(applied.ledgers)) {
      before.set(name, run.record(name));
      run.learn(name, { ledgers: { ...run.record(name).ledgers, correct: ledger } });
    }
    for (const name of before.keys()) {
      await prepare(run, run.outlineOf(name));
      run.idle(name);
    }
    run.memory.corrections.push({ digest: replay.corrections, by: replay.by });
    return new Set(before.keys());
  } catch (error) {
    if (!isRefusal(error)) throw error;
    replay.failure = failureOf(error);
    for (const [name, record] of before) {
      run.learn(name, record);
      run.idle(name);
    }
    return null;
  }
}

/** Corrects rejects before anything is loaded. */
export async function replayBeforeLoad(run: Run, replay: ReplayStatus): Promise<void> {
  replay.outcome = 'running';
  run.show();
  replay.outcome = (await correct(run, replay)) === null ? 'refused' : 'done';
  run.show();
}

/**
 * Corrects rejects, and takes what was held back, or is waiting for something that was, to the target again. Rows that
 * are there as they should be are not sent again.
 *
 * @returns whether anything may have changed in the target, so that another report is due
 */
export async function replayAfterLoad(run: Run, replay: ReplayStatus): Promise<boolean> {
  replay.outcome = 'running';
  run.enter('transform');
  const corrected = await correct(run, replay);
  if (corrected === null) {
    replay.outcome = 'refused';
    return false;
  }
  const due = withDependants(run, new Set([...corrected, ...run.marks.heldBack.names()]));
  const only = (one: EntityOutline): boolean => due.has(one.name);
  run.enter('load');
  // Should the run have to continue as new in the middle, it goes on as if everything were loaded anew.
  run.memory.stage = 'load';
  for (const pass of [loadAll, referAll, attachAll]) {
    await pass(run, only);
    run.through.clear();
  }
  run.enter('reconcile');
  await readBackAll(run, only);
  run.through.clear();
  run.memory.stage = 'sign-off';
  return true;
}
