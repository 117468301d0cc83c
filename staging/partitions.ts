import { readdir } from 'node:fs/promises';
import { literal } from '../model/sql.ts';
import type { DuckJob } from './duckdb/job.ts';
import { readLocal } from './rows.ts';

/** Of files that a job writes for itself alone: soon read again, and in many pieces. */
const OwnFormat = 'FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 20480';

function encrypted(key: string): string {
  return `${OwnFormat}, ENCRYPTION_CONFIG {footer_key: ${literal(key)}}`;
}

/** A file that a job is to write for itself: where it will be, and the statement that writes it. */
export function ownFile(
  job: DuckJob,
  query: string,
  of: { name: string; key: string },
): { path: string; write: string } {
  const path = job.output(`${of.name}.parquet`);
  return { path, write: `COPY (${query}) TO ${literal(path)} (${encrypted(of.key)})` };
}

/**
 * Divides rows over as many partitions as are asked for, on disk, so that each can be worked on by itself: a join, a sort
 * or a grouping of them all at once needs memory that grows with the rows.
 *
 * @param of.by SQL that gives the number of a row's partition, from 0
 * @returns the partitions' relations, in the order of their numbers; the query itself where one is enough
 */
export async function partition(
  job: DuckJob,
  query: string,
  of: { by: string; into: number; name: string; key: string },
): Promise<string[]> {
  if (of.into <= 1) return [`(${query})`];
  const folder = job.output(of.name);
  await job.run(
    `COPY (SELECT *, ${of.by} AS landfall_partition FROM (${query})) TO ${literal(folder)}
     (${encrypted(of.key)}, PARTITION_BY (landfall_partition), OVERWRITE true)`,
  );
  const written = new Set(await readdir(folder));
  return Array.from({ length: of.into }, (_, number) => {
    const own = `landfall_partition=${number}`;
    return written.has(own)
      ? `(SELECT * FROM ${readLocal([`${folder}/${own}/*.parquet`], of.key)})`
      : `(SELECT * FROM (${query}) WHERE false)`;
  });
}

/** SQL for a row's partition by the hash of a column: equal values are in the same one. */
export function byHash(column: string, into: number): string {
  return `hash(${column}) % ${into}`;
}
