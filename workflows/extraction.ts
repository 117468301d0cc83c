import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { isLostLease } from './failures.ts';
import type { Run } from './run.ts';
import { holdingSteps } from './steps.ts';

/** @returns whether every entity was read under this lease */
async function extractUnder(run: Run, lease: number | null, isLost: () => boolean): Promise<boolean> {
  let complete = true;
  await run.each(async ({ name }) => {
    if (isLost() || !complete) {
      complete = false;
      return;
    }
    const one = run.statusOf(name);
    if (run.record(name).chunkPlan === null) {
      const of = { ...run.of, entity: name, lease };
      const planned = await run.steps.planChunks.executeWithOptions({ summary: name }, [of]);
      run.learn(name, { chunkPlan: planned.chunkPlan, chunks: planned.chunks, partitions: planned.chunks });
      one.rowsDue = planned.rowsDue;
    }
    const prior = run.record(name).ledgers.extract ?? null;
    const outcome = await run.take(name, 'extract', { lease, prior });
    if (!outcome.complete) complete = false;
    one.rowsDue = run.extractedRows(name);
  });
  return complete;
}

/** Reads everything under one snapshot; when that is lost, opens another and keeps what still stands. */
export async function extractAll(run: Run): Promise<void> {
  for (;;) {
    const lease = run.outline.needsLease ? (run.memory.lease += 1) : null;
    const holding = new CancellationScope();
    let lost = false;
    if (lease !== null) {
      // What was read under another snapshot has to be put to the source again.
      run.through.clear();
      void holding
        .run(() => holdingSteps(run.sides, run.outline.options).holdLease({ ...run.of, epoch: lease }))
        .then(
          () => void (lost = true),
          (error: unknown) => {
            if (!isCancellation(error)) lost = true;
          },
        );
      const ready = holding.run(() => run.steps.awaitLease({ ...run.of, epoch: lease }));
      await Promise.race([ready, condition(() => lost)]);
    }
    try {
      if (!lost && (await extractUnder(run, lease, () => lost))) {
        run.memory.sourceFigures = (await run.steps.measureSource({ ...run.of, lease })).digest;
        return;
      }
    } catch (error) {
      if (!isLostLease(error)) throw error;
    } finally {
      holding.cancel();
    }
  }
}
