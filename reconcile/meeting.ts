import { z } from 'zod';
import { identifier } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import type { TwoSides } from './buckets.ts';

/** How rows of two sides meet, in SQL. Tables of a lane are told apart by its number. */

export type Side = 'meant' | 'actual';
export type OfBoth<T> = Record<Side, T>;
export const bothSides = ['meant', 'actual'] as const;

/**
 * Pieces of a side that one statement reads. Each takes some MiB, whatever its rows, and more where it is a join: of small
 * chunks there are many.
 */
export const PiecesAtOnce = 2;

/** Where a lane's rows are that still wait for their other half. */
export function waitingIn(side: Side, lane: number): string {
  return `waiting_${side}_${lane}`;
}

/** What came of a lane's last step: a line for each pair, and for each row that is alone. */
export function metIn(lane: number): string {
  return `met_${lane}`;
}

function columnsOf(sides: TwoSides): string[] {
  return ['_target', ...sides.fields.map(({ field }) => identifier(field))];
}

/** A side's rows with what is compared of them: fields as they are, where that says the same as their texts do. */
export function comparedRows(sides: TwoSides, side: Side, relation: string): string {
  const fields = sides.fields.map(({ field, asItIs, meant, found }) => {
    const column = identifier(field);
    return asItIs ? column : `${side === 'meant' ? meant : found} AS ${column}`;
  });
  const target = sides.targets[side] ? '_target' : 'CAST(NULL AS VARCHAR) AS _target';
  return `SELECT ${['_key', target, ...fields].join(', ')} FROM ${relation}`;
}

const valueOf = (side: Side, column: string): string => identifier(`${side}:${column}`);

/** What `meeting` says of each line, by names that no field has: whether a row of either side is in it, and both are equal. */
export const Of = { meant: '"row:meant"', actual: '"row:actual"', same: '"row:same"' } as const;

/** Puts pieces of both sides beside each other, and beside what waits in some lanes. Values are kept of what is not equal. */
export function meeting(
  sides: TwoSides,
  lane: number,
  from: readonly number[],
  pieces: OfBoth<readonly string[]>,
): string {
  const columns = columnsOf(sides);
  const rowsOf = (side: Side): string => {
    const waiting = from.map((one) => `SELECT * FROM ${waitingIn(side, one)}`);
    const rows = [...waiting, ...pieces[side].map((piece) => comparedRows(sides, side, piece))];
    return `(SELECT *, true AS ${Of[side]} FROM (${rows.join(' UNION ALL ')}))`;
  };
  const [m, a] = [`m.${Of.meant}`, `a.${Of.actual}`];
  const values = columns.slice(1).map((column) => `m.${column} IS NOT DISTINCT FROM a.${column}`);
  const equal = [m, a, ...values, '(m._target IS NULL OR m._target = a._target)'].join(' AND ');
  const kept = columns.flatMap((column) => [
    `CASE WHEN ${Of.same} THEN NULL ELSE m.${column} END AS ${valueOf('meant', column)}`,
    `CASE WHEN ${Of.same} THEN NULL ELSE a.${column} END AS ${valueOf('actual', column)}`,
  ]);
  return `CREATE OR REPLACE TABLE ${metIn(lane)} AS
    SELECT coalesce(m._key, a._key) AS _key, ${m} IS NOT NULL AS ${Of.meant}, ${a} IS NOT NULL AS ${Of.actual},
      coalesce(${equal}, false) AS ${Of.same}, ${kept.join(', ')}
    FROM ${rowsOf('meant')} m FULL JOIN ${rowsOf('actual')} a ON m._key = a._key`;
}

/** A side's rows of what met in a lane, as `comparedRows` gives them. Of pairs that are equal they hold no values. */
export function rowsMet(sides: TwoSides, side: Side, lane: number): string {
  const columns = columnsOf(sides).map((column) => `${valueOf(side, column)} AS ${column}`);
  return `SELECT ${['_key', ...columns].join(', ')} FROM ${metIn(lane)}`;
}

const PieceCount = z.object({ piece: z.coerce.number(), n: z.coerce.number() });

/** How many rows each of some relations has. */
export async function countEach(job: DuckJob, relations: readonly string[]): Promise<number[]> {
  const counts: number[] = [];
  for (let from = 0; from < relations.length; from += PiecesAtOnce) {
    const some = relations.slice(from, from + PiecesAtOnce);
    const each = some.map((relation, i) => `SELECT ${from + i} AS piece, count(*) AS n FROM ${relation}`);
    for (const { piece, n } of await job.all(each.join(' UNION ALL '), PieceCount)) counts[piece] = n;
  }
  return counts;
}
