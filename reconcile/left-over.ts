import { z } from 'zod';
import { identifier } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import type { TwoSides } from './buckets.ts';
import { bothSides, comparedRows, countEach, type OfBoth, type Side } from './meeting.ts';

const Count = z.object({ n: z.coerce.number() });

/**
 * What is left of two sides that were compared in their order, as two sides to be judged: of each key that is in one of
 * the tables `left_meant` and `left_actual`, all rows of both sides. Mostly they are there already. Where a key has rows
 * that had met before, the tables are filled anew from the pieces that hold any.
 *
 * @param whole whether the rows in those tables hold all their values
 * @returns null where nothing is left
 */
export async function leftOver(
  job: DuckJob,
  sides: TwoSides,
  whole: boolean,
  beat: () => void,
): Promise<TwoSides | null> {
  await job.run('CREATE OR REPLACE TABLE unsettled AS SELECT _key FROM left_meant UNION SELECT _key FROM left_actual');
  const { n } = await job.one('SELECT count(*) AS n FROM unsettled', Count);
  if (n > 0) {
    const holding = {
      meant: await piecesHolding(job, sides, 'meant'),
      actual: await piecesHolding(job, sides, 'actual'),
    };
    beat();
    if (!whole || !(await areComplete(job, holding))) await fillAnew(job, sides, holding, beat);
  }
  if (n === 0) return null;
  const pieces = { meant: ['left_meant'], actual: ['left_actual'] };
  // What is not compared as it is was kept as its text.
  const fields = sides.fields.map((one) => {
    const column = identifier(one.field);
    return one.asItIs ? one : { ...one, meant: column, found: column };
  });
  return { ...sides, ...pieces, keys: pieces, fields };
}

interface Holding {
  piece: number;
  rows: number;
}

/** Which pieces hold rows of the keys that are not settled, and how many. A row without a key is one of them. */
async function piecesHolding(job: DuckJob, sides: TwoSides, side: Side): Promise<Holding[]> {
  const found = await countEach(job, sides.keys[side].map(ofUnsettled));
  return found.flatMap((rows, piece) => (rows === 0 ? [] : [{ piece, rows }]));
}

async function areComplete(job: DuckJob, holding: OfBoth<Holding[]>): Promise<boolean> {
  for (const side of bothSides) {
    const due = holding[side].reduce((sum, { rows }) => sum + rows, 0);
    if ((await job.one(`SELECT count(*) AS n FROM left_${side}`, Count)).n !== due) return false;
  }
  return true;
}

async function fillAnew(job: DuckJob, sides: TwoSides, holding: OfBoth<Holding[]>, beat: () => void): Promise<void> {
  for (const side of bothSides) {
    await job.run(`DELETE FROM left_${side}`);
    const pieces = holding[side].map(({ piece }) => ofUnsettled(sides[side][piece] ?? ''));
    await job.runEach(
      pieces.map((piece) => `INSERT INTO left_${side} ${comparedRows(sides, side, piece)}`),
      beat,
    );
  }
}

function ofUnsettled(relation: string): string {
  return `(SELECT one.* FROM ${relation} one SEMI JOIN unsettled u ON one._key IS NOT DISTINCT FROM u._key)`;
}
