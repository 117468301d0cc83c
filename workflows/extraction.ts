import {
  CancellationScope,
  condition,
  ContinueAsNew,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { leaseDetails } from './details.ts';
import { isLostLease, permanent } from './failures.ts';
import { lease as leaseWorkflow } from './lease.ts';
import type { Run } from './run.ts';
import { LandfallRun } from './search-attributes.ts';

/** @returns whether every entity was read under this lease */
async function extractUnder(run: Run, lease: number | null, isLost: () => boolean): Promise<boolean> {
  let complete = true;
  await run.each(async ({ name, title }) => {
    if (isLost() || !complete) {
      complete = false;
      return;
    }
    if (run.record(name).chunkPlan === null) {
      const of = { ...run.of, entity: name, lease };
      const planned = await run.steps.planChunks.executeWithOptions({ summary: `${title}: cuts it into chunks` }, [of]);
      run.learn(name, { chunkPlan: planned.chunkPlan, chunks: planned.chunks, partitions: planned.chunks });
      run.overview.change(name, { rowsDue: planned.rowsDue });
    }
    const prior = run.record(name).ledgers.extract ?? null;
    const outcome = await run.take(name, 'extract', { lease, prior });
    if (!outcome.complete) complete = false;
  });
  return complete;
}

function holderOf(run: Run, epoch: number): string {
  return `${run.of.run}/lease/${epoch}`;
}

/** Opens a snapshot, and waits until it can be read from or is lost. It outlives this execution of the run. */
async function openLease(run: Run): Promise<number> {
  const epoch = (run.memory.lease += 1);
  run.memory.holding = true;
  try {
    await awaitOpened(run, epoch);
  } catch (error) {
    // Its holder may have it already, or get it yet, and does not end with this run.
    await release(run, epoch);
    throw error;
  }
  return epoch;
}

async function awaitOpened(run: Run, epoch: number): Promise<void> {
  // What was read under another snapshot has to be put to the source again.
  run.through.clear();
  await startChild(leaseWorkflow, {
    workflowId: holderOf(run, epoch),
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `Snapshot ${epoch}`,
    staticDetails: leaseDetails(epoch, run.sides.source, run.of.run),
    typedSearchAttributes: [{ key: LandfallRun, value: run.of.run }],
    args: [{ ...run.of, epoch, sides: run.sides, options: run.outline.options }],
  });
  const waiting = new CancellationScope();
  await Promise.race([
    waiting.run(() =>
      run.steps.awaitLease.executeWithOptions({ summary: `Snapshot ${epoch}: can it be read from?` }, [
        { ...run.of, epoch },
      ]),
    ),
    condition(() => !run.memory.holding),
  ]);
  waiting.cancel();
}

/**
 * Gives a snapshot back, also one that is lost already: what is asked of the server must not depend on whether the news of
 * the loss came before or after that of a step which failed by it.
 */
async function release(run: Run, lease: number | null): Promise<void> {
  if (lease === null) return;
  run.memory.holding = false;
  const holder = getExternalWorkflowHandle(holderOf(run, lease));
  // It may have ended by itself.
  await run.uncut(() => holder.cancel()).catch(() => {});
}

/**
 * Reads everything under one snapshot; when that is lost, opens another and keeps what still stands. A run that
 * continues as new in between goes on under the snapshot that it has.
 */
export async function extractAll(run: Run): Promise<void> {
  for (let barren = 0; ; barren += 1) {
    let lease: number | null = null;
    const isLost = (): boolean => lease !== null && !run.memory.holding;
    try {
      if (run.outline.needsLease) lease = run.memory.holding ? run.memory.lease : await openLease(run);
      if (!isLost()) barren = 0;
      if (!isLost() && (await extractUnder(run, lease, isLost))) {
        run.memory.sourceFigures = (await run.steps.measureSource({ ...run.of, lease })).digest;
        await release(run, lease);
        return;
      }
      await release(run, lease);
    } catch (error) {
      if (error instanceof ContinueAsNew) throw error;
      await release(run, lease);
      if (!isLostLease(error)) throw error;
    }
    const { refused } = run;
    if (refused !== null) throw permanent(refused.code, refused.what, refused.hint, refused.details);
    // A source that gives no snapshot, time and again, is not asked without a pause.
    const { retryFirstMs, retryLongestMs } = run.outline.options;
    const pauseMs = Math.min(retryLongestMs, retryFirstMs * 2 ** Math.min(barren, 20));
    if (barren > 0) await sleep(pauseMs, { summary: 'Before asking for another snapshot' });
  }
}
