import { expect } from 'vitest';
import { compareRows, type CompareInput, type Comparison } from '../../reconcile/compare.ts';
import type { OrderLimits } from '../../reconcile/in-order.ts';
import type { DuckJob } from '../../staging/duckdb/job.ts';

/** Limits within which nothing is looked at in order: every row is judged by its hash. */
export const ByHash: OrderLimits = { step: 1, piece: -1, waiting: 0, left: 0 };

/** Compares rows by their hashes, and in their order, and requires that both come to the same, be it a failure. */
export async function bothWays(job: DuckJob, input: CompareInput): Promise<Comparison> {
  const [byHash] = await Promise.allSettled([compareRows(job, { ...input, limits: ByHash })]);
  const [inOrder] = await Promise.allSettled([compareRows(job, input)]);
  expect(inOrder).toEqual(byHash);
  if (inOrder?.status === 'fulfilled') return inOrder.value;
  throw inOrder?.reason;
}
