import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compareRows, type CompareInput, type Comparison } from '../../reconcile/compare.ts';
import { settledPairs, type OrderLimits } from '../../reconcile/in-order.ts';
import { LandfallError } from '../../model/errors.ts';
import type { DuckJob } from '../../staging/duckdb/job.ts';
import { bothWays, ByHash } from './both-ways.ts';
import { inJob, table } from './in-job.ts';

const columns = { _key: 'VARCHAR', _target: 'VARCHAR', name: 'VARCHAR', amount: 'DECIMAL(18,2)', rate: 'DOUBLE' };
const fields = ['name', 'amount', 'rate'];
const about = { fields, masked: new Set<string>(), list: 1000 };
/** Rows in the order of their places, so many to a piece. */
function pieces(name: string, rows: number, aPiece: number): string[] {
  const number = Math.max(1, Math.ceil(rows / aPiece));
  return Array.from(
    { length: number },
    (_, i) => `(SELECT * EXCLUDE (place) FROM ${name} WHERE place // ${aPiece} = ${i})`,
  );
}

async function placed(job: DuckJob, name: string, rows: readonly object[]): Promise<void> {
  await table(
    job,
    name,
    { place: 'INTEGER', ...columns },
    rows.map((row, place) => ({ place, ...row })),
  );
}

/** Does work in a job, and says which statements it ran. */
async function statements(job: DuckJob, work: (job: DuckJob) => Promise<unknown>): Promise<string[]> {
  const ran: string[] = [];
  await work({
    ...job,
    run: (sql) => (ran.push(sql), job.run(sql)),
    runEach: (all, done) => (ran.push(...all), job.runEach(all, done)),
  });
  return ran;
}

describe('sides that are in about the same order', () => {
  const value = {
    _target: fc.constantFrom('t1', 't2', 't3'),
    name: fc.option(fc.constantFrom('', 'a', 'A', ','), { nil: null }),
    amount: fc.option(fc.constantFrom('0.00', '-0.01'), { nil: null }),
    rate: fc.constantFrom('0.0', '-0.0', '1.5'),
  };
  const key = fc.integer({ min: 10, max: 30 }).map((n) => `K${n}`);
  const limits = fc.record({
    step: fc.integer({ min: 1, max: 8 }),
    piece: fc.constant(100),
    waiting: fc.integer({ min: 0, max: 6 }),
    left: fc.integer({ min: 0, max: 40 }),
  });

  test('come out as they do when every row is judged by its hash, whatever is looked at at a time', async () => {
    const meant = fc.uniqueArray(fc.record({ _key: key, ...value }), { selector: (one) => one._key, maxLength: 16 });
    const changes = fc.record({
      gone: fc.array(fc.nat(15), { maxLength: 3 }),
      changed: fc.array(fc.tuple(fc.nat(15), fc.record(value)), { maxLength: 3 }),
      // Some under a key that is there already, some the same row again, some without a key.
      more: fc.array(
        fc.tuple(fc.nat(16), fc.record({ _key: fc.option(key, { nil: null }), ...value }), fc.boolean(), fc.nat(15)),
        { maxLength: 3 },
      ),
    });
    await inJob(async (job) => {
      await fc.assert(
        fc.asyncProperty(meant, changes, limits, fc.integer({ min: 1, max: 5 }), async (rows, change, within, cut) => {
          const there: object[] = rows.flatMap((row, i) => {
            const changed = change.changed.find(([at]) => at === i)?.[1];
            return change.gone.includes(i) ? [] : [{ ...row, ...changed }];
          });
          for (const [at, row, again, from] of change.more) there.splice(at, 0, again ? (rows[from] ?? row) : row);
          await placed(job, 'm', rows);
          await placed(job, 'a', there);
          const input: CompareInput = {
            ...about,
            meant: pieces('m', rows.length, cut),
            actual: pieces('a', there.length, cut),
          };
          const inOrder = await compareRows(job, { ...input, limits: within });
          expect(inOrder).toEqual(await compareRows(job, { ...input, limits: ByHash }));
        }),
        // To make a failure smaller takes longer than a test may.
        { numRuns: 80, endOnFailure: true },
      );
    });
  });

  const rows = (from: number, to: number): object[] =>
    Array.from({ length: to - from }, (_, i) => ({ _key: `K${from + i}`, _target: `t${from + i}`, name: 'n' }));
  const small: OrderLimits = { step: 10, piece: 100, waiting: 20, left: 20 };

  async function compared(job: DuckJob, meant: object[], actual: object[]): Promise<[Comparison, string[]]> {
    await placed(job, 'm', meant);
    await placed(job, 'a', actual);
    const found: Comparison[] = [];
    const input = { meant: pieces('m', meant.length, 10), actual: pieces('a', actual.length, 10), limits: small };
    const ran = await statements(job, async (one) => found.push(await compareRows(one, { ...about, ...input })));
    return [found[0] as Comparison, ran];
  }
  const written = (ran: readonly string[]): string[] => ran.filter((sql) => sql.startsWith('COPY'));
  const readAgain = (ran: readonly string[]): string[] =>
    ran.filter((sql) => /^INSERT INTO left_\w+ SELECT _key, .* SEMI JOIN unsettled/s.test(sql));

  test('are read once, and nothing is written, where all is equal', async () => {
    const [found, ran] = await inJob((job) => compared(job, rows(0, 95), rows(0, 95)));
    expect(found).toMatchObject({ equal: 95, readBack: 95, missing: 0, unexpected: 0, differing: 0 });
    expect(written(ran)).toEqual([]);
    expect(readAgain(ran)).toEqual([]);
  });

  test('need not begin and end at the same rows', async () => {
    // The target lacks the first rows, so that every page ends at another row than the chunk does.
    const [found, ran] = await inJob((job) => compared(job, rows(0, 95), rows(7, 95)));
    expect(found).toMatchObject({ equal: 88, missing: 7, unexpected: 0 });
    // What is judged by its hash is the seven that are missing.
    expect(written(ran).filter((sql) => sql.includes('FROM left_meant'))).toHaveLength(1);
    expect(written(ran).filter((sql) => sql.includes(' m WHERE'))).toEqual([]);
    expect(readAgain(ran)).toEqual([]);
  });

  test('may hold a row again far away from the one that was equal', async () => {
    const again = { _key: 'K3', _target: 't-other', name: 'n' };
    const [found, ran] = await inJob((job) => compared(job, rows(0, 95), [...rows(0, 95), again]));
    expect(found).toMatchObject({ equal: 95, differing: 0, duplicates: 1, duplicateKeys: ['K3'], readBack: 96 });
    expect(readAgain(ran)).not.toEqual([]);
  });

  test.each(['CREATE OR REPLACE TABLE met_0', 'CREATE OR REPLACE TABLE unsettled'])(
    'are judged by their hashes where memory does not suffice: %s',
    async (begins) => {
      const found = await inJob(async (job) => {
        await placed(job, 'm', rows(0, 95));
        await placed(job, 'a', rows(5, 95));
        const refuse = (sql: string): void => {
          if (!sql.startsWith(begins)) return;
          throw new LandfallError({
            code: 'duckdb.memory',
            kind: 'permanent',
            what: 'too little',
            where: {},
            hint: '',
          });
        };
        const poor: DuckJob = {
          ...job,
          run: async (sql) => (refuse(sql), job.run(sql)),
          runEach: async (all, done) => (all.forEach(refuse), job.runEach(all, done)),
        };
        return compareRows(poor, { ...about, meant: pieces('m', 95, 10), actual: pieces('a', 90, 10), limits: small });
      });
      expect(found).toMatchObject({ equal: 90, missing: 5 });
    },
  );

  test('are judged by their hashes where they turn out to be in another order', async () => {
    const other = rows(0, 95).toReversed();
    const [found, ran] = await inJob((job) => compared(job, rows(0, 95), other));
    expect(found).toMatchObject({ equal: 95, missing: 0, unexpected: 0 });
    expect(written(ran).filter((sql) => sql.includes('FROM m '))).not.toEqual([]);
  });
});

test('fields may be called as what is worked out beside them', async () => {
  const names = ['here', 'same', 'meant', 'actual', 'keys', 'n', 'piece'];
  const texts = Object.fromEntries(['_key', '_target', ...names].map((name) => [name, 'VARCHAR']));
  const row = Object.fromEntries(Object.keys(texts).map((name) => [name, `a ${name}`]));
  const found = await inJob(async (job) =>
    bothWays(job, {
      ...about,
      meant: await table(job, 'm', texts, [row, { ...row, _key: 'other' }]),
      actual: await table(job, 'a', texts, [row, { ...row, _key: 'other', same: 'not so' }]),
      fields: names,
    }),
  );
  expect(found).toMatchObject({ equal: 1, differing: 1, compared: names });
  expect(found.differences).toMatchObject([{ key: 'other', field: 'same', meant: 'a same', found: 'not so' }]);
});

test('many small pieces, each of them a join, are read a few at a time', async () => {
  const [number, rows] = [200, 30];
  const hashed = await inJob(
    async (job) => {
      const piece = async (name: string, i: number, columns: string): Promise<string> => {
        const file = job.output(`${name}-${i}.parquet`);
        await job.run(
          `COPY (SELECT 'K' || i AS _key, ${columns} FROM range(${i * rows}, ${(i + 1) * rows}) r(i)) TO '${file}' (FORMAT parquet)`,
        );
        return `read_parquet('${file}')`;
      };
      const meant: string[] = [];
      const actual: string[] = [];
      const keys: string[] = [];
      for (let i = 0; i < number; i += 1) {
        const ready = await piece('ready', i, `'name ' || i AS name, 'memo ' || i AS memo`);
        const receipts = await piece('receipts', i, `'T' || i AS _target`);
        meant.push(`(SELECT q._key, r._target, q.name, q.memo FROM ${ready} q JOIN ${receipts} r ON r._key = q._key)`);
        actual.push(
          await piece('actual', i, `'T' || i AS _target, 'name ' || i AS name, 'memo ' || (i // 2) * 2 AS memo`),
        );
        keys.push(ready);
      }
      const input = { fields: ['name', 'memo'], masked: new Set<string>(), list: 10, meant, actual };
      const ran = await statements(job, async (one) => {
        const all = number * rows;
        expect(await compareRows(one, { ...input, keys: { meant: keys, actual } })).toMatchObject({
          readBack: all,
          equal: all / 2,
          differing: all / 2,
          missing: 0,
          unexpected: 0,
        });
      });
      return ran.filter((sql) => sql.startsWith('COPY') && sql.includes('ready-'));
    },
    { memoryMiB: 48 },
  );
  // None of them is judged by its hash, as they would be where memory does not suffice.
  expect(hashed).toEqual([]);
});

test('leaves nothing behind but what was found', async () => {
  const left = await inJob(async (job) => {
    const tables = async (limits?: OrderLimits): Promise<string[]> => {
      await placed(job, 'm', [
        { _key: '1', name: 'a' },
        { _key: '2', name: 'b' },
      ]);
      await placed(job, 'a', [
        { _key: '1', name: 'a' },
        { _key: '2', name: 'c' },
      ]);
      const input = { ...about, meant: pieces('m', 2, 1), actual: pieces('a', 2, 1) };
      await compareRows(job, { ...input, ...(limits === undefined ? {} : { limits }) });
      const found = await job.all('SELECT table_name AS name FROM duckdb_tables()', z.object({ name: z.string() }));
      return found
        .map(({ name }) => name)
        .filter((name) => name !== 'm' && name !== 'a')
        .sort();
    };
    return [await tables(), await tables({ step: 1, piece: 10, waiting: 0, left: 0 }), await tables(ByHash)];
  });
  for (const names of left) expect(names).toEqual(['difference', 'judged']);
});

test.each([
  ['more rows of one side than of the other stay settled', { meant: 2, actual: 1 }, 10, true],
  ['more rows stay settled than were equal', { meant: 0, actual: 0 }, 9, true],
  ['something was equal and is not settled, though nothing is left', { meant: 1, actual: 1 }, 10, false],
])('is a defect when %s', (_, judged, same, isLeft) => {
  const left = isLeft ? ({} as never) : null;
  const of = { read: { meant: 10, actual: 10 }, same, left };
  expect(() => settledPairs(of, judged)).toThrow(expect.objectContaining({ code: 'accounting.imbalance' }));
  expect(settledPairs({ ...of, same: 10, left: null }, { meant: 0, actual: 0 })).toBe(10);
});
