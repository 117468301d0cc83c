import { LandfallError } from '../model/errors.ts';
import type { DuckBudget } from '../staging/duckdb/budget.ts';
import { withDuckJob, type DuckJob, type DuckJobOptions } from '../staging/duckdb/job.ts';

const refusedBy = (error: unknown): boolean => error instanceof LandfallError && error.code === 'duckdb.failed';

/**
 * Runs a job that works out mapped values. Where an expression fails on a row, that is about the row, and no other has to
 * stay behind with it: then the job is run once more, `careful`, which takes longer.
 *
 * @throws LandfallError `duckdb.failed` where it cannot be told on which rows
 */
export async function withMappingJob<T>(
  budget: DuckBudget,
  options: DuckJobOptions,
  work: (job: DuckJob, careful: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await withDuckJob(budget, options, (job) => work(job, false));
  } catch (error) {
    if (!refusedBy(error)) throw error;
    return withDuckJob(budget, { ...options, rowByRow: true }, (job) => work(job, true)).catch((again: unknown) => {
      throw refusedBy(again) ? error : again;
    });
  }
}
