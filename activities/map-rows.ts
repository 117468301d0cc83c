import { carefully, type RawColumn } from '../mapping/careful.ts';
import type { CompiledPart } from '../mapping/compile.ts';
import { LandfallError } from '../model/errors.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';

/** Those columns whose failing DuckDB can tell row by row: not those that call `error()`, as some of Landfall's macros do. */
async function catchable(job: DuckJob, columns: readonly RawColumn[], flagged: string): Promise<Set<RawColumn>> {
  const found = new Set<RawColumn>();
  for (const column of columns) {
    await job.describe(`SELECT ${carefully(column)} FROM ${flagged}`).then(
      () => found.add(column),
      () => {},
    );
  }
  return found;
}

/**
 * Works out a part's mapped values. Where an expression fails on a row, that is about the row, and no other has to stay
 * behind with it: then all are worked out again, each by itself, which takes longer.
 *
 * @throws LandfallError `duckdb.failed` where it cannot be told on which rows
 */
export async function mapRows(job: DuckJob, compiled: CompiledPart, flagged: string, raw: string): Promise<void> {
  const make = (careful?: ReadonlySet<RawColumn>): Promise<void> =>
    job.run(`CREATE TABLE ${raw} AS ${compiled.raw(flagged, careful)}`);
  try {
    await make();
  } catch (error) {
    if (!(error instanceof LandfallError) || error.code !== 'duckdb.failed') throw error;
    const columns = await catchable(job, compiled.mapped, flagged);
    await make(columns).catch(() => {
      throw error;
    });
  }
}
