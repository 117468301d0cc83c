import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bothWays } from './both-ways.ts';
import { columns, fields, type Row } from './compared-rows.ts';
import { inJob, table } from './in-job.ts';

const value = {
  name: fc.option(
    fc.constantFrom('', ' ', 'a', 'A', 'ä', 'a\u0308', 'null', '"', "'", '\\', '😀', 'x\ty', '\u202eabc'),
    {
      nil: null,
    },
  ),
  amount: fc.option(fc.constantFrom('0.00', '0.01', '-0.01', '9999999999999999.99'), { nil: null }),
  category: fc.option(fc.integer({ min: -2, max: 2 }), { nil: null }),
  active: fc.option(fc.boolean(), { nil: null }),
  born: fc.option(fc.constantFrom('0001-01-01', '1970-01-01', '9999-12-31'), { nil: null }),
  changed: fc.option(fc.constantFrom('1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000001Z'), { nil: null }),
};
const row = fc.record({ _key: fc.constantFrom('k1', 'k2', 'k3', 'k4', 'K1', ' k1'), ...value });

function naive(meant: readonly Partial<Row>[], actual: readonly Partial<Row>[]) {
  const byKey = new Map(actual.map((one) => [one._key, one]));
  const differences = meant.flatMap((one) => {
    const other = byKey.get(one._key);
    return other
      ? fields.filter((f) => one[f as keyof Row] !== other[f as keyof Row]).map((f) => `${String(one._key)} ${f}`)
      : [];
  });
  const without = (some: readonly Partial<Row>[], others: readonly Partial<Row>[]): string[] =>
    some.map((one) => String(one._key)).filter((key) => !others.some((other) => other._key === key));
  return {
    differences: differences.toSorted(),
    missing: without(meant, actual).sort(),
    unexpected: without(actual, meant).sort(),
  };
}

test('finds what a comparison value by value finds, and nothing else', async () => {
  const rows = fc.uniqueArray(row, { selector: (one) => one._key, maxLength: 6 });
  await inJob(async (job) => {
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.integer({ min: 1, max: 3 }), async (meant, actual, pieces) => {
        const target = (one: (typeof meant)[number]) => ({ ...one, _target: `t-${one._key}` });
        await table(job, 'm', columns, meant.map(target));
        await table(job, 'a', columns, actual.map(target));
        // However the rows are cut into pieces, the outcome is the same.
        const cut = (name: string): string[] =>
          Array.from({ length: pieces }, (_, i) => `(SELECT * FROM ${name} WHERE hash(_key) % ${pieces} = ${i})`);
        const found = await bothWays(job, {
          meant: cut('m'),
          actual: cut('a'),
          fields,
          masked: new Set(),
          list: 100,
        });
        const expected = naive(meant, actual);
        expect(found.differences.map((one) => `${one.key} ${one.field}`).sort()).toEqual(expected.differences);
        expect(found.missingKeys).toEqual(expected.missing);
        expect(found.unexpectedKeys).toEqual(expected.unexpected);
        expect(found.equal + found.differing + found.missing).toBe(meant.length);
        expect(found.readBack).toBe(actual.length);
      }),
      { numRuns: 60 },
    );
  });
});

test('finds the few, and the many, among rows that fill several buckets', async () => {
  await inJob(
    async (job) => {
      const rows = (name: string): string =>
        `(SELECT 'K-' || range AS _key, 'T-' || range AS _target, range AS n, ${name} AS name FROM range(400000))`;
      const input = { fields: ['n', 'name'], masked: new Set<string>(), list: 3 };
      const planted = `(SELECT * REPLACE (CASE WHEN n IN (7, 399999) THEN 'changed' ELSE name END AS name) FROM
        ${rows(`'same'`)} WHERE n NOT IN (8, 200000, 300000))`;
      expect(await bothWays(job, { ...input, meant: rows(`'same'`), actual: planted })).toMatchObject({
        readBack: 399_997,
        equal: 399_995,
        differences: [
          { key: 'K-399999', field: 'name', meant: 'same', found: 'changed' },
          { key: 'K-7', field: 'name', meant: 'same', found: 'changed' },
        ],
        missingKeys: ['K-200000', 'K-300000', 'K-8'],
      });
      expect(await bothWays(job, { ...input, meant: rows(`'same'`), actual: rows(`'other'`) })).toMatchObject({
        equal: 0,
        differing: 400_000,
        differencesTotal: 400_000,
        missing: 0,
      });
    },
    { memoryMiB: 128 },
  );
});
