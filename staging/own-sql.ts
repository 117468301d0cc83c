import { withDuckJob, type DuckJob } from './duckdb/job.ts';
import type { Staging } from './index.ts';

/**
 * Runs a job of Landfall's own SQL over what is staged, in an instance that such jobs share. Never for SQL of a blueprint,
 * which reads its own files alone: see `withDuckJob`.
 *
 * @throws LandfallError as `withDuckJob`
 */
export function withOwnSql<T>(
  { budget, scratch, store }: Staging,
  of: { purpose: string; keys: Readonly<Record<string, string>>; signal?: AbortSignal },
  work: (job: DuckJob) => Promise<T>,
): Promise<T> {
  return withDuckJob(budget, { ...of, mapping: false, scratch, within: store.localFolder }, work);
}
