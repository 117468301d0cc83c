import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { byHash, ownFile, partition } from '../staging/partitions.ts';
import { readLocal } from '../staging/rows.ts';
import { rowHash, type ComparedField } from './canonical.ts';

/** What was meant and what was found, as pieces that are read one after the other. */
export interface TwoSides {
  meant: readonly string[];
  actual: readonly string[];
  /** For each piece a relation that has at least the keys of its rows, and is read at less cost. */
  keys: { meant: readonly string[]; actual: readonly string[] };
  fields: readonly ComparedField[];
  /** Which sides know the target's own key of each row, as `_target`. */
  targets: { meant: boolean; actual: boolean };
  /** The name of the job's Parquet key for what is written on the way. */
  key: string;
}

/** Legacy keys that a bucket holds, about. A bucket of this size is judged within some 100 MiB. */
const KeysABucket = 150_000;

/** Half a hash. Each half is a column of its own: Parquet has no whole number of 128 bits, and DuckDB would make it DOUBLE. */
const Low = '18446744073709551615::UHUGEINT';

const Count = z.object({ n: z.coerce.number() });

/**
 * Tells the keys whose rows are equal from those that must be looked at, in bounded memory: of every row only its key, a
 * hash of its values and one of the target's key are kept, on disk, and those are judged bucket by bucket, by the hash of
 * the key. (One join over all rows would be shorter, and needs more memory than a worker has.)
 *
 * Adds to the table `judged` (see `noneJudged`): `bucket`, `category` (`equal`, `differs`, `duplicate`, `missing`, `unexpected`,
 * `unexpected twice`),
 * `_key` (NULL for what is equal), `keys`, and `found` and `twice`: rows found, and those of them delivered twice.
 *
 * @returns how many rows there were on each side
 */
export async function judgeKeys(
  job: DuckJob,
  sides: TwoSides,
  beat: () => void,
): Promise<{ meant: number; actual: number }> {
  const narrowed = (side: 'meant' | 'actual', column: 'meant' | 'found'): { path: string; write: string }[] => {
    const hash = rowHash(sides.fields.map((field) => field[column]));
    const target = sides.targets[side] ? 'md5_number_lower(_target)' : 'CAST(NULL AS UBIGINT)';
    return sides[side].map((piece, number) => {
      const halves = `CAST(hash & ${Low} AS UBIGINT) AS low, CAST(hash >> 64 AS UBIGINT) AS high`;
      const rows = `SELECT _key, ${hash} AS hash, ${target} AS target FROM ${piece}`;
      const name = `narrow-${side}-${number}`;
      return ownFile(job, `SELECT _key, ${halves}, target FROM (${rows})`, { name, key: sides.key });
    });
  };
  const written = { meant: narrowed('meant', 'meant'), actual: narrowed('actual', 'found') };
  await job.runEach(
    [...written.meant, ...written.actual].map((one) => one.write),
    beat,
  );
  const rowsOf = (side: 'meant' | 'actual'): string =>
    `SELECT * FROM ${readLocal(
      written[side].map((one) => one.path),
      sides.key,
    )}`;
  const count = async (side: 'meant' | 'actual'): Promise<number> =>
    (await job.one(`SELECT count(*) AS n FROM (${rowsOf(side)})`, Count)).n;
  const rows = { meant: await count('meant'), actual: await count('actual') };
  const buckets = Math.max(1, Math.ceil(Math.max(rows.meant, rows.actual) / KeysABucket));
  const spread = async (side: 'meant' | 'actual'): Promise<string[]> => {
    const relations = await partition(job, rowsOf(side), {
      by: byHash('_key', buckets),
      into: buckets,
      name: `buckets-${side}`,
      key: sides.key,
    });
    beat();
    return relations;
  };
  const [meant, actual] = [await spread('meant'), await spread('actual')];
  for (const [bucket, own] of meant.entries()) {
    const both = `SELECT *, true AS is_meant FROM ${own} UNION ALL SELECT *, false FROM ${String(actual[bucket])}`;
    await job.run(`INSERT INTO judged ${judgement(both, bucket)}`);
    beat();
  }
  await refuseDefects(job);
  return rows;
}

/** Makes the table in which every key is judged. */
export async function noneJudged(job: DuckJob): Promise<void> {
  await job.run(
    `CREATE OR REPLACE TABLE judged (bucket INTEGER, category VARCHAR, _key VARCHAR, keys BIGINT, found BIGINT, twice BIGINT)`,
  );
}

/** Groups the rows of both sides by key, and says of each key what it is. */
function judgement(both: string, bucket: number): string {
  const of = (aggregate: string, meant: boolean): string => `${aggregate} FILTER (${meant ? '' : 'NOT '}is_meant)`;
  return `SELECT ${bucket}, category, CASE WHEN category = 'equal' THEN NULL ELSE _key END AS shown, count(*), sum(found), sum(twice)
    FROM (SELECT _key, found, CASE WHEN found > 1 AND lowest = highest THEN found - 1 ELSE 0 END AS twice, CASE
        WHEN meant > 1 OR (_key IS NULL AND meant > 0) THEN 'defect'
        WHEN found = 0 THEN 'missing'
        WHEN found > 1 AND (lowest IS DISTINCT FROM highest OR lowest IS NULL) THEN
          CASE WHEN meant = 0 THEN 'unexpected twice' ELSE 'duplicate' END
        WHEN meant = 0 THEN 'unexpected'
        WHEN low = least_low AND low = greatest_low AND high = least_high AND high = greatest_high AND (target IS NULL OR target = lowest) THEN 'equal'
        ELSE 'differs' END AS category
      FROM (SELECT _key, ${of('count(*)', true)} AS meant, ${of('count(*)', false)} AS found,
          ${of('max(low)', true)} AS low, ${of('min(low)', false)} AS least_low, ${of('max(low)', false)} AS greatest_low,
          ${of('max(high)', true)} AS high, ${of('min(high)', false)} AS least_high, ${of('max(high)', false)} AS greatest_high,
          ${of('max(target)', true)} AS target, ${of('min(target)', false)} AS lowest, ${of('max(target)', false)} AS highest
        FROM (${both}) GROUP BY _key))
    GROUP BY category, shown`;
}

async function refuseDefects(job: DuckJob): Promise<void> {
  const { n } = await job.one(`SELECT count(*) AS n FROM judged WHERE category = 'defect'`, Count);
  if (n === 0) return;
  throw new LandfallError({
    code: 'accounting.imbalance',
    kind: 'permanent',
    what: `${n} legacy keys of what was meant are empty or stand for more than one row.`,
    where: { step: 'reconcile' },
    hint: 'Legacy keys must be unique within their collection: mend the blueprint’s `legacyKey` and start another run.',
  });
}
