import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { literal } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { rowHash, type ComparedField } from './canonical.ts';

/** What was meant and what was found, as pieces that are read one after the other. */
export interface TwoSides {
  meant: readonly string[];
  actual: readonly string[];
  fields: readonly ComparedField[];
  /** Which sides know the target's own key of each row, as `_target`. */
  targets: { meant: boolean; actual: boolean };
  /** The name of the job's Parquet key for what is written on the way. */
  key: string;
}

/** Legacy keys that a bucket holds, about. A bucket of this size is judged within some 100 MiB. */
const KeysABucket = 150_000;

const Count = z.object({ n: z.coerce.number() });

/**
 * Tells the keys whose rows are equal from those that must be looked at, in bounded memory: of every row only its key and
 * two hashes are kept, on disk, and those are judged bucket by bucket, by the hash of the key. (One join over all rows
 * would be shorter, and needs more memory than a worker has.)
 *
 * Leaves the table `judged`: `bucket`, `category` (`equal`, `differs`, `duplicate`, `missing`, `unexpected`,
 * `unexpected twice`),
 * `_key` (NULL for what is equal), `keys`, and `found` and `twice`: rows found, and those of them delivered twice.
 *
 * @returns the number of buckets
 */
export async function judgeKeys(job: DuckJob, sides: TwoSides, beat: () => void): Promise<number> {
  const written = {
    COMPRESSION: 'lz4',
    ROW_GROUP_SIZE: '20480',
    ENCRYPTION_CONFIG: `{footer_key: ${literal(sides.key)}}`,
  };
  const options = ['FORMAT parquet', ...Object.entries(written).map(([name, value]) => `${name} ${value}`)].join(', ');
  const read = (path: string): string =>
    `read_parquet(${literal(path)}, encryption_config = {footer_key: ${literal(sides.key)}}, hive_partitioning = false)`;

  const narrow = async (side: 'meant' | 'actual', column: 'meant' | 'found'): Promise<string[]> => {
    const hash = rowHash(sides.fields.map((field) => field[column]));
    const target = sides.targets[side] ? 'md5_number(_target)' : 'CAST(NULL AS UHUGEINT)';
    const paths: string[] = [];
    for (const [number, piece] of sides[side].entries()) {
      const path = job.output(`narrow-${side}-${number}.parquet`);
      await job.run(
        `COPY (SELECT _key, ${hash} AS hash, ${target} AS target FROM ${piece}) TO ${literal(path)} (${options})`,
      );
      paths.push(path);
      beat();
    }
    return paths;
  };
  const pieces = { meant: await narrow('meant', 'meant'), actual: await narrow('actual', 'found') };

  let keys = 0;
  for (const side of [pieces.meant, pieces.actual]) {
    let rows = 0;
    for (const path of side) rows += (await job.one(`SELECT count(*) AS n FROM ${read(path)}`, Count)).n;
    keys = Math.max(keys, rows);
  }
  const buckets = Math.max(1, Math.ceil(keys / KeysABucket));
  if (buckets > 1) {
    for (const [side, paths] of Object.entries(pieces)) {
      for (const [number, path] of paths.entries()) {
        await job.run(
          `COPY (SELECT *, hash(_key) % ${buckets} AS bucket FROM ${read(path)}) TO ${literal(job.output(`buckets-${side}`))}
           (${options}, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE true, FILENAME_PATTERN 'piece${number}_{i}')`,
        );
        beat();
      }
    }
  }
  await job.run(
    `CREATE OR REPLACE TABLE judged (bucket INTEGER, category VARCHAR, _key VARCHAR, keys BIGINT, found BIGINT, twice BIGINT)`,
  );
  const relation = async (side: 'meant' | 'actual', bucket: number): Promise<string> => {
    const paths = buckets === 1 ? pieces[side] : [`${job.output(`buckets-${side}`)}/bucket=${bucket}/*.parquet`];
    const found: string[] = [];
    for (const path of paths) {
      const some = buckets === 1 || (await job.one(`SELECT count(*) AS n FROM glob(${literal(path)})`, Count)).n > 0;
      if (some) found.push(`SELECT * FROM ${read(path)}`);
    }
    const empty = `SELECT CAST(NULL AS VARCHAR) AS _key, CAST(NULL AS UHUGEINT) AS hash, CAST(NULL AS UHUGEINT) AS target WHERE false`;
    return [empty, ...found].join(' UNION ALL ');
  };
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const both = `SELECT *, true AS is_meant FROM (${await relation('meant', bucket)})
      UNION ALL SELECT *, false FROM (${await relation('actual', bucket)})`;
    await job.run(`INSERT INTO judged ${judgement(both, bucket)}`);
    beat();
  }
  await refuseDefects(job);
  return buckets;
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
        WHEN hash = least_hash AND hash = greatest_hash AND (target IS NULL OR target = lowest) THEN 'equal'
        ELSE 'differs' END AS category
      FROM (SELECT _key, ${of('count(*)', true)} AS meant, ${of('count(*)', false)} AS found,
          ${of('max(hash)', true)} AS hash, ${of('min(hash)', false)} AS least_hash, ${of('max(hash)', false)} AS greatest_hash,
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
