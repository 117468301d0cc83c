import { expect, test } from 'vitest';
import { z } from 'zod';
import { ordered } from '../../activities/crosswalk.ts';
import { findAbsent } from '../../activities/figures.ts';
import { keysGone, keysTwice } from '../../activities/seal.ts';
import { inJob, table } from '../reconcile/in-job.ts';

const quietly = { signal: new AbortController().signal, beat: () => {} };

/** Much less than sorting, grouping or joining all of the rows at once takes. */
const memoryMiB = 64;

const Found = z.object({ n: z.coerce.number(), distinct: z.coerce.number(), widest: z.coerce.number() });

test('a crosswalk of many rows is ordered as well as whoever looks into it needs', async () => {
  const rows = 1_200_000;
  const found = await inJob(
    async (job) => {
      const shuffled = `(i * 7919) % ${rows}`;
      const query = `SELECT format('{:08d}', ${shuffled}) AS _source, 'key ' || i AS _key, 'a target of its own ' || i AS target
        FROM range(${rows}) r(i)`;
      const file = job.output('crosswalk.parquet');
      await job.run(`COPY (${await ordered(job, query, quietly)}) TO '${file}' (FORMAT parquet)`);
      return job.one(
        `SELECT sum(row_group_num_rows) AS n, (SELECT count(DISTINCT _source) FROM '${file}') AS distinct,
            max(CAST(stats_max_value AS BIGINT) - CAST(stats_min_value AS BIGINT)) AS widest
          FROM parquet_metadata('${file}') WHERE path_in_schema = '_source'`,
        Found,
      );
    },
    { memoryMiB },
  );
  expect(found).toMatchObject({ n: rows, distinct: rows });
  // A row group has a tenth of the rows, in no more than two ranges of five.
  expect(found.widest).toBeLessThan(rows / 2);
});

test('of few rows the crosswalk is in order', async () => {
  const Values = z.object({ values: z.array(z.string()) });
  const { values } = await inJob(async (job) => {
    await job.run(`CREATE TABLE crosswalk AS SELECT * FROM (VALUES ('b'), ('c'), ('a')) v(_source)`);
    return job.one(
      `SELECT list(_source) AS values FROM (${await ordered(job, 'SELECT * FROM crosswalk', quietly)})`,
      Values,
    );
  });
  expect(values).toEqual(['a', 'b', 'c']);
});

test('keys that stand twice among many, and keys that are gone, are found in little memory', async () => {
  await inJob(
    async (job) => {
      const keys = (from: number, to: number): string =>
        `(SELECT 'a rather long key of a row ' || i AS _key FROM range(${from}, ${to}) r(i))`;
      const many = keys(0, 1_100_000);
      const again = `(SELECT * FROM ${many} UNION ALL SELECT * FROM ${keys(7, 9)} UNION ALL SELECT * FROM ${keys(8, 9)})`;
      expect(await keysTwice(job, again, quietly)).toBe(2);
      expect(await keysGone(job, keys(5, 20), many, quietly)).toBe(0);
      expect(await keysGone(job, many, keys(3, 1_099_999), quietly)).toBe(4);
    },
    { memoryMiB },
  );
});

test('of a control’s source rows those are absent of which nothing arrived, in whichever row or chunk', async () => {
  const sources = await inJob(async (job) => {
    const receiptsOf = (name: string, rows: readonly object[]): Promise<string> =>
      table(job, name, { _key: 'VARCHAR', outcome: 'VARCHAR' }, rows);
    const keysOf = (name: string, keys: readonly string[]): Promise<string> =>
      table(
        job,
        name,
        { _source: 'VARCHAR' },
        keys.map((_source) => ({ _source })),
      );
    const ready = async (name: string, rows: Record<string, string[]>): Promise<{ open: string; whole: string }> => {
      await job.run(`CREATE TABLE ${name} (_key VARCHAR, _sources VARCHAR[])`);
      for (const [key, own] of Object.entries(rows)) {
        await job.run(`INSERT INTO ${name} VALUES ('${key}', [${own.map((one) => `'${one}'`).join(', ')}])`);
      }
      return { open: name, whole: 'nothing that is restricted is asked for' };
    };
    const piece = async (number: number, rows: Record<string, string[]>, outcomes: Record<string, string>) => ({
      ready: await ready(`ready_${number}`, rows),
      receipts: await receiptsOf(
        `receipts_${number}`,
        Object.entries(outcomes).map(([_key, outcome]) => ({ _key, outcome })),
      ),
      headers: '',
    });
    const pieces = [
      await piece(1, { K1: ['a', 'b'], K2: ['c'], K3: ['d', 'e'] }, { K1: 'created', K2: 'refused', K3: 'blocked' }),
      await piece(2, { K4: ['c', 'f'], K5: ['g'], K6: ['h'] }, { K4: 'unchanged', K5: 'uncertain' }),
    ];
    const rejects = await keysOf('rejects', ['r', 'r', 'a']);
    const left = await keysOf('left_behind', ['l']);
    await findAbsent(job, { pieces, rejects, left }, quietly);
    const Sources = z.object({ sources: z.array(z.string()) });
    return job.one('SELECT list(DISTINCT _source ORDER BY _source) AS sources FROM absent', Sources);
  });
  // `c` was refused as one row and arrived as another; `h` was never answered for; `a` was rejected by one rule, and is there.
  expect(sources.sources).toEqual(['d', 'e', 'g', 'h', 'l', 'r']);
});
