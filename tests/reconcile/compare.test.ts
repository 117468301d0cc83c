import { describe, expect, test } from 'vitest';
import type { DuckJob } from '../../staging/duckdb/job.ts';
import type { CompareInput, Comparison } from '../../reconcile/compare.ts';
import { bothWays } from './both-ways.ts';
import { columns, fields, type Row } from './compared-rows.ts';
import { inJob, table } from './in-job.ts';

const plain: Row = {
  _key: 'A-1',
  _target: 't1',
  name: 'Ærøskøbing Værft',
  amount: '1234.50',
  category: 7,
  active: true,
  born: '1998-02-28',
  changed: '2024-03-31T01:30:00.123456Z',
};

async function compared(
  job: DuckJob,
  meant: readonly Partial<Row>[],
  actual: readonly Partial<Row>[],
  options: Partial<CompareInput> & { types?: { meant?: object; actual?: object } } = {},
): Promise<Comparison> {
  return bothWays(job, {
    meant: await table(job, 'meant_in', { ...columns, ...options.types?.meant }, meant),
    actual: await table(job, 'actual_in', { ...columns, ...options.types?.actual }, actual),
    fields,
    masked: new Set(),
    list: 1000,
    ...options,
  });
}

const shown = (found: Comparison): [string, string, string | null, string | null][] =>
  found.differences.map((one) => [one.key, one.field, one.meant, one.found]);

describe('comparing the target with what was meant', () => {
  test('calls equal what is equal, and nothing else', async () => {
    const found = await inJob((job) => compared(job, [plain], [plain]));
    expect(found).toMatchObject({ readBack: 1, equal: 1, differing: 0, missing: 0, unexpected: 0, duplicates: 0 });
    expect(found.differences).toEqual([]);
    expect(found.compared).toEqual(fields);
    expect(found.notCompared).toEqual([]);
  });

  test.each<[string, keyof Row, Row[keyof Row], Row[keyof Row]]>([
    ['a text by one code point', 'name', 'Müller', 'Mueller'],
    ['a text composed otherwise', 'name', 'Zo\u00eb', 'Zoe\u0308'],
    ['a text in another case', 'name', 'abc', 'aBc'],
    ['a text with a space behind it', 'name', 'abc', 'abc '],
    ['a text with a no-break space', 'name', 'a b', 'a\u00a0b'],
    ['an empty text where none was meant', 'name', null, ''],
    ['no text where an empty one was meant', 'name', '', null],
    ['a text that looks like what separates fields', 'name', '","', '\u001f'],
    ['an amount by a cent', 'amount', '9007199254740993.01', '9007199254740993.02'],
    ['an amount by its sign', 'amount', '5.00', '-5.00'],
    ['zero where nothing was meant', 'amount', null, '0.00'],
    ['false where nothing was meant', 'active', null, false],
    ['a choice', 'category', 7, 8],
    ['a day', 'born', '1998-02-28', '1998-03-01'],
    ['an instant by a microsecond', 'changed', '2024-03-31T01:30:00.123456Z', '2024-03-31T01:30:00.123457Z'],
    ['an instant by its cut-off fraction', 'changed', '2024-03-31T01:30:00.5Z', '2024-03-31T01:30:00Z'],
    ['an instant by an hour', 'changed', '2024-03-31T01:30:00Z', '2024-03-31T01:30:00+01:00'],
  ])('finds %s, in that field alone', async (_, field, meant, actual) => {
    const found = await inJob((job) => compared(job, [{ ...plain, [field]: meant }], [{ ...plain, [field]: actual }]));
    expect(found).toMatchObject({ equal: 0, differing: 1, differencesTotal: 1, missing: 0, unexpected: 0 });
    expect(found.differences.map((one) => [one.key, one.field])).toEqual([['A-1', field]]);
    expect(found.differencesByField).toEqual([{ field, rows: 1 }]);
  });

  test.each([
    ['what separates them moves', ['x,y', 'z'], ['x', 'y,z']],
    ['a quote moves', ['x"', '"y'], ['x', '""y']],
    ['a value moves to the field beside it', ['x', null], [null, 'x']],
    ['one is empty and the other is none', ['', null], [null, '']],
  ])('keeps fields apart when %s', async (_, meant, actual) => {
    const texts = { _key: 'VARCHAR', a: 'VARCHAR', b: 'VARCHAR' };
    const found = await inJob(async (job) =>
      bothWays(job, {
        meant: await table(job, 'm', texts, [{ _key: '1', a: meant[0], b: meant[1] }]),
        actual: await table(job, 'f', texts, [{ _key: '1', a: actual[0], b: actual[1] }]),
        fields: ['a', 'b'],
        masked: new Set(),
        list: 10,
      }),
    );
    expect(found.differences.map((one) => one.field)).toEqual(['a', 'b']);
  });

  // Kept as DOUBLE on the way, which is what Parquet makes of a whole number of 128 bits, their hashes would be equal.
  test('tells two texts apart whose hashes agree in their first 53 bits', async () => {
    const texts = { _key: 'VARCHAR', a: 'VARCHAR' };
    const found = await inJob(async (job) =>
      bothWays(job, {
        meant: await table(job, 'm', texts, [{ _key: '1', a: '77673929' }]),
        actual: await table(job, 'f', texts, [{ _key: '1', a: '82246211' }]),
        fields: ['a'],
        masked: new Set(),
        list: 10,
      }),
    );
    expect(found).toMatchObject({ equal: 0, differing: 1 });
  });

  test('takes an instant for the same whatever offset it is written with', async () => {
    const found = await inJob((job) =>
      compared(
        job,
        [{ ...plain, changed: '2024-03-31T01:30:00Z' }],
        [{ ...plain, changed: '2024-03-31T03:30:00+02:00' }],
      ),
    );
    expect(found.equal).toBe(1);
  });

  test('names what is missing, what is unexpected and what is there twice', async () => {
    const found = await inJob((job) =>
      compared(
        job,
        [plain, { ...plain, _key: 'A-2', _target: 't2' }, { ...plain, _key: 'A-3', _target: 't3' }],
        [
          { ...plain, _key: 'A-2', _target: 't2' },
          { ...plain, _key: 'A-3', _target: 't3' },
          { ...plain, _key: 'A-3', _target: 't9', name: 'a copy' },
          { ...plain, _key: 'X-1', _target: 't7' },
          { ...plain, _key: 'X-2', _target: 't8' },
          { ...plain, _key: 'X-2', _target: 't6' },
        ],
      ),
    );
    expect(found).toMatchObject({
      readBack: 6,
      equal: 2,
      differing: 0,
      missing: 1,
      missingKeys: ['A-1'],
      unexpected: 3,
      unexpectedKeys: ['X-1', 'X-2'],
      duplicates: 2,
      duplicateKeys: ['A-3', 'X-2'],
    });
  });

  test('compares, of rows that share a key, the one that was written', async () => {
    const copy = { ...plain, name: 'a copy' };
    const found = await inJob((job) =>
      compared(
        job,
        [{ ...plain, _target: 't2' }],
        [
          { ...copy, _target: 't1' },
          { ...plain, _target: 't2', amount: '1.00' },
        ],
      ),
    );
    expect(shown(found)).toEqual([['A-1', 'amount', '1234.50', '1.00']]);
  });

  test('counts a row once that the target delivered on two pages', async () => {
    const found = await inJob((job) => compared(job, [plain], [plain, plain]));
    expect(found).toMatchObject({ readBack: 1, equal: 1, duplicates: 0, unexpected: 0 });
  });

  test('sees that a key is carried by another row than the one that was written', async () => {
    const found = await inJob((job) => compared(job, [plain], [{ ...plain, _target: 't2' }]));
    expect(shown(found)).toEqual([['A-1', '_target', 't1', 't2']]);
  });

  test('does without the written rows’ own keys', async () => {
    const found = await inJob(async (job) => {
      await table(job, 'written', columns, [plain]);
      return compared(job, [], [{ ...plain, _target: 't2' }], { meant: '(SELECT * EXCLUDE (_target) FROM written)' });
    });
    expect(found.equal).toBe(1);
  });

  test('says which field the target does not give back, instead of calling it equal', async () => {
    const found = await inJob(async (job) => {
      await table(job, 'given', columns, [plain]);
      return compared(job, [plain], [], { actual: '(SELECT * EXCLUDE (born) FROM given)' });
    });
    expect(found.equal).toBe(1);
    expect(found.compared).not.toContain('born');
    expect(found.notCompared).toEqual([{ field: 'born', reason: 'the target does not give it back' }]);
  });

  test('refuses keys of what was meant that are not unique or empty', async () => {
    const empty = [{ ...plain, _key: null }];
    await expect(inJob((job) => compared(job, [plain, plain], [plain]))).rejects.toMatchObject({
      code: 'accounting.imbalance',
      kind: 'permanent',
    });
    await expect(inJob((job) => compared(job, empty, [plain]))).rejects.toMatchObject({ code: 'accounting.imbalance' });
  });

  test('refuses types between which nothing exact can be said', async () => {
    const types = { meant: { amount: 'DOUBLE' } };
    await expect(inJob((job) => compared(job, [plain], [plain], { types }))).rejects.toMatchObject({
      code: 'compare.types',
      where: { field: 'amount' },
    });
  });
});

describe('what the target gives as text', () => {
  const types = {
    actual: { amount: 'VARCHAR', category: 'VARCHAR', active: 'VARCHAR', changed: 'VARCHAR', born: 'VARCHAR' },
  };

  test('is equal where it is exactly the value that was meant', async () => {
    const actual = {
      ...plain,
      amount: '1234.5000',
      category: '7',
      active: 'true',
      changed: '2024-03-31T03:30:00.1234560+02:00',
    };
    const found = await inJob((job) => compared(job, [plain], [actual], { types }));
    expect(shown(found)).toEqual([]);
    expect(found.equal).toBe(1);
  });

  test.each<[keyof Row, string]>([
    ['amount', '1234.504'],
    ['amount', '1,234.50'],
    ['amount', '1.2345e3'],
    ['category', '7.4'],
    ['category', ''],
    ['active', 'yes'],
    ['born', '1998-02-28T00:00:01Z'],
    ['changed', '2024-03-31T01:30:00.1234567Z'],
    ['changed', '2024-03-31T01:30:00.123456'],
  ])('is a difference in %s where it is %j, and is shown as it is', async (field, value) => {
    const found = await inJob((job) => compared(job, [plain], [{ ...plain, [field]: value }], { types }));
    expect(found.differences.map((one) => [one.field, one.found])).toEqual([[field, value]]);
  });

  test('compares decimals of different precision as numbers', async () => {
    const wide = { actual: { amount: 'DECIMAL(20,4)' } };
    const other = { ...plain, _key: 'A-2', _target: 't2' };
    const found = await inJob((job) =>
      compared(
        job,
        [plain, other],
        [
          { ...plain, amount: '1234.5000' },
          { ...other, amount: '1234.5001' },
        ],
        { types: wide },
      ),
    );
    expect(shown(found)).toEqual([['A-2', 'amount', '1234.5000', '1234.5001']]);
  });
});

describe('what a report may show', () => {
  test('is masked, keeps apart value and no value, and keeps an id to look it up by', async () => {
    const found = await inJob((job) =>
      compared(
        job,
        [plain, { ...plain, _key: 'A-2', _target: 't2', name: null }],
        [
          { ...plain, name: 'Someone Else' },
          { ...plain, _key: 'A-2', _target: 't2', name: 'Nobody' },
        ],
        { masked: new Set(['name', '_key']) },
      ),
    );
    expect(found.differences).toEqual([
      { id: 1, key: '•••', field: 'name', meant: '•••', found: '•••' },
      { id: 2, key: '•••', field: 'name', meant: null, found: '•••' },
    ]);
    expect(JSON.stringify(found)).not.toMatch(/Someone|Nobody|A-[12]/);
  });

  test('is cut to the stated number, with the whole number beside it', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ ...plain, _key: `K-${100 + i}`, _target: `t${i}` }));
    const found = await inJob((job) =>
      compared(
        job,
        rows,
        rows.slice(0, 20).map((row) => ({ ...row, category: 0, name: 'x' })),
        { list: 5 },
      ),
    );
    expect(found.differencesTotal).toBe(40);
    expect(found.differing).toBe(20);
    expect(found.differences.map((one) => one.id)).toEqual([1, 2, 3, 4, 5]);
    expect(found.missing).toBe(10);
    expect(found.missingKeys).toEqual(['K-120', 'K-121', 'K-122', 'K-123', 'K-124']);
  });

  test('shows long texts around the place where they part', async () => {
    const long = 'a'.repeat(5000);
    const found = await inJob((job) =>
      compared(job, [{ ...plain, name: `${long}left${long}` }], [{ ...plain, name: `${long}right${long}` }]),
    );
    const [one] = found.differences;
    expect(one?.meant).toMatch(/^…a+lefta+…$/);
    expect(one?.found).toMatch(/^…a+righta+…$/);
    expect(one?.meant?.length).toBeLessThan(310);
  });
});
