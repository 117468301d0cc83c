import type { DuckRead } from '../connectors/port.ts';
import { LandfallError } from '../model/errors.ts';
import { withDuckJob, type DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';

/**
 * Runs a job of Landfall's own SQL that may connect to the system of a read.
 *
 * @throws LandfallError as `withDuckJob`
 */
export function withReader<T>(
  { budget, scratch }: Staging,
  { extension }: DuckRead,
  of: { purpose: string; keys: Readonly<Record<string, string>>; signal: AbortSignal },
  work: (job: DuckJob) => Promise<T>,
): Promise<T> {
  return withDuckJob(budget, { ...of, scratch, mapping: false, locked: false, extensions: [extension] }, work);
}

/**
 * Connects to the system of a read, does something with its rows, and disconnects.
 *
 * @param work is given a SELECT that may be run once
 * @throws LandfallError what the connector says, where the connection broke off
 */
export async function throughRead<T>(job: DuckJob, read: DuckRead, work: (select: string) => Promise<T>): Promise<T> {
  try {
    for (const statement of read.setup) await job.run(statement);
    const done = await work(read.select);
    for (const statement of read.teardown) await job.run(statement);
    return done;
  } catch (error) {
    // DuckDB knows of no systems: whether it was the connection that failed is for the connector to say.
    const said = error instanceof LandfallError && error.code === 'duckdb.failed' ? error.confidential : undefined;
    throw (said === undefined ? null : read.brokenOff(said)) ?? error;
  }
}
