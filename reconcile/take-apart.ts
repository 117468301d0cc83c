import { z } from 'zod';
import { identifier, literal } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import type { TwoSides } from './buckets.ts';
import type { ComparedField } from './canonical.ts';

/** Keys whose rows are fetched at a time: where everything differs, each pass reads both sides once. */
const KeysAPass = 200_000;

const Bucket = z.object({ bucket: z.number(), n: z.coerce.number() });
const Count = z.object({ n: z.coerce.number() });

/** Makes the table of differences. */
export async function noneTakenApart(job: DuckJob): Promise<void> {
  await job.run(
    `CREATE OR REPLACE TABLE difference (id BIGINT, key VARCHAR, field VARCHAR, meant VARCHAR, found VARCHAR)`,
  );
}

/**
 * Takes the rows that `judged` says to look at apart into fields. Leaves the table `difference` (`id`, `key`, `field`,
 * `meant`, `found`), complete and with every value as it is; ids follow keys, fields and values within a pass, so that they
 * are the same whenever the same is found.
 */
export async function takeApart(job: DuckJob, sides: TwoSides, beat: () => void): Promise<void> {
  await noneTakenApart(job);
  const looked = `category IN ('differs', 'duplicate')`;
  const due = await job.all(
    `SELECT bucket, count(*) AS n FROM judged WHERE ${looked} GROUP BY bucket ORDER BY bucket`,
    Bucket,
  );
  for (const buckets of passes(due)) {
    await job.run(
      `CREATE OR REPLACE TABLE looked AS SELECT _key FROM judged WHERE ${looked} AND bucket IN (${buckets.join(', ')})`,
    );
    const names = sides.fields.map((_, i) => identifier(`value ${i}`));
    const columns = ['_key VARCHAR', '_target VARCHAR', ...names.map((name) => `${name} VARCHAR`)].join(', ');
    for (const side of ['meant', 'actual'] as const) {
      const table = `${side}_rows`;
      const texts = sides.fields.map((field) => (side === 'meant' ? field.meant : field.found));
      const target = sides.targets[side] ? '_target' : 'NULL';
      await job.run(`CREATE OR REPLACE TABLE ${table} (${columns})`);
      const all = ['_key', target, ...texts].join(', ');
      await job.runEach(
        sides[side].map(
          (piece) => `INSERT INTO ${table} SELECT ${all} FROM ${piece} AS piece SEMI JOIN looked USING (_key)`,
        ),
        beat,
      );
    }
    await job.run(`INSERT INTO difference
      SELECT (SELECT count(*) FROM difference) + row_number() OVER (ORDER BY key, field, meant, found), * FROM (${differences(sides.fields)})`);
    beat();
  }
  for (const table of ['looked', 'meant_rows', 'actual_rows']) await job.run(`DROP TABLE IF EXISTS ${table}`);
}

function* passes(due: readonly z.infer<typeof Bucket>[]): Generator<number[]> {
  let buckets: number[] = [];
  let keys = 0;
  for (const { bucket, n } of due) {
    if (keys > 0 && keys + n > KeysAPass) {
      yield buckets;
      buckets = [];
      keys = 0;
    }
    buckets.push(bucket);
    keys += n;
  }
  if (buckets.length > 0) yield buckets;
}

function differences(fields: readonly ComparedField[]): string {
  const entry = (name: string, meant: string, found: string, when: string): string =>
    `CASE WHEN ${when} THEN {'field': ${literal(name)}, 'meant': ${meant}, 'found': ${found}} END`;
  const entries = fields.map(({ field }, i) => {
    const column = identifier(`value ${i}`);
    return entry(field, `m.${column}`, `a.${column}`, `m.${column} IS DISTINCT FROM a.${column}`);
  });
  entries.unshift(entry('_target', 'm._target', 'a._target', 'm._target <> a._target'));
  // Of rows that share a key, the one that was written counts; where that is not there, the first by its own key. A row
  // that was delivered twice and changed in between is compared both times.
  return `SELECT DISTINCT _key AS key, d.field AS field, d.meant AS meant, d.found AS found
    FROM (SELECT m._key, unnest(list_filter([${entries.join(', ')}], lambda x: x IS NOT NULL)) AS d FROM meant_rows m
      JOIN (SELECT *, rank() OVER (PARTITION BY _key ORDER BY written DESC, _target) AS place
        FROM (SELECT a.*, coalesce(a._target = w._target, false) AS written FROM actual_rows a JOIN meant_rows w USING (_key))) a
      ON a._key = m._key AND a.place = 1)`;
}

/** How many rows differ in at least one field. */
export async function differingRows(job: DuckJob): Promise<number> {
  return (await job.one('SELECT count(DISTINCT key) AS n FROM difference', Count)).n;
}
