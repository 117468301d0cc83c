import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fitField } from '../../mapping/fit.ts';
import { keyText } from '../../mapping/keys.ts';
import { wouldLose } from '../../mapping/lossless.ts';
import { choice, date, decimal, flag, integer, text, timestamp, uuid } from '../../model/builders.ts';
import { fieldShape } from '../../model/shape.ts';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob, type DuckJob } from '../../staging/duckdb/job.ts';

let scratch: string;
const budget = createDuckBudget({ memoryBytes: 256 * 1024 * 1024, threads: 1, slots: 1 });
const run = <T>(work: (job: DuckJob) => Promise<T>): Promise<T> =>
  withDuckJob(budget, { purpose: 'test', scratch }, work);

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'landfall-fit-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The fitted value as text, or the first rule that the value breaks. */
async function fit(schema: z.ZodType, sql: string): Promise<string | null> {
  const shape = fieldShape(schema);
  if (!shape) throw new Error('no shape');
  return run(async (job) => {
    const type = (await job.describe(`SELECT ${sql} AS raw`)).get('raw') ?? '';
    const { value, rules } = fitField(shape, 'raw', type);
    const rule =
      rules.length === 0 ? 'NULL' : `CASE ${rules.map((one) => `WHEN ${one.when} THEN '! ${one.rule}'`).join(' ')} END`;
    const row = await job.one(
      `SELECT coalesce(${rule}, CAST(${value} AS VARCHAR)) AS result FROM (SELECT ${sql} AS raw)`,
      z.object({ result: z.string().nullable() }),
    );
    return row.result;
  });
}

describe('a value is brought into its field exactly, or held back with the rule it breaks', () => {
  test.each([
    ['text as long as the field', text(3), `'abc'`, 'abc'],
    ['text one longer', text(3), `'abcd'`, '! text.too-long'],
    ['an emoji, which counts as two units', text(3), `'ab😀'`, '! text.too-long'],
    ['a required text that is empty', text(3), 'CAST(NULL AS VARCHAR)', '! required'],
    ['an optional text that is empty', text(3).nullable(), 'CAST(NULL AS VARCHAR)', null],
    ['text with NUL', text(9), `'a' || chr(0)`, '! text.nul'],
    ['a decimal that fits', decimal(9, 2), `'1234567.89'`, '1234567.89'],
    ['a decimal with zeros beyond the scale', decimal(9, 2), `'1.2300'`, '1.23'],
    ['a decimal that would lose a digit', decimal(9, 2), `'1.234'`, '! number.digits-lost'],
    ['a typed decimal that would lose a digit', decimal(9, 2), `1.234::DECIMAL(10,3)`, '! number.digits-lost'],
    ['a decimal that is too large', decimal(5, 2), `'1000'`, '! number.too-large'],
    ['a number of 45 digits', decimal(38, 2), `'${'9'.repeat(45)}'`, '! number.too-large'],
    ['NaN', decimal(9, 2), `'NaN'`, '! number.format'],
    ['infinity', decimal(9, 2), `'Infinity'`, '! number.format'],
    ['an integer from text', integer(), `' 12 '`, '12'],
    ['an integer with a fraction', integer(), `'12.5'`, '! number.digits-lost'],
    ['an integer below its range', integer({ min: 1 }), '0', '! number.too-small'],
    ['a choice that is none', choice({ 1: 'A', 2: 'B' }), '3', '! choice.unknown'],
    ['a date', date(), `DATE '2020-02-29'`, '2020-02-29'],
    ['a day that there never was', date(), `'2021-02-29'`, '! date.format'],
    ['a date from a time of day', date(), `TIMESTAMP '2020-01-01 10:00:00'`, '! date.time-lost'],
    ['a text with a time of day', date(), `'2021-01-02 13:00:00'`, '! date.time-lost'],
    ['a text with midnight', date(), `'2021-01-02T00:00:00.000'`, '2021-01-02'],
    ['a text with a day and something else', date(), `'2021-01-02 or so'`, '! date.format'],
    ['a text of which half is a year', date(), `'21-01-02'`, '! date.format'],
    ['a text before Christ as the source writes it', date(), `'0044-03-15 BC'`, '! date.format'],
    ['a date before Christ', date(), `DATE '0044-03-15 (BC)'`, '! date.range'],
    ['a date of five digits', date(), `DATE '10000-01-01'`, '! date.range'],
    ['the last date of four digits', date(), `'9999-12-31'`, '9999-12-31'],
    ['an instant without a zone', timestamp(), `'2021-01-02 13:00:00'`, '! timestamp.zone'],
    ['an instant with a zone', timestamp(), `'2021-01-02 13:00:00+02'`, '2021-01-02 11:00:00+00'],
    ['an instant finer than a microsecond', timestamp(), `'2021-01-02T13:00:00.1234567Z'`, '! timestamp.digits-lost'],
    ['an infinite instant', timestamp(), `'infinity'::TIMESTAMPTZ`, '! timestamp.format'],
    ['an instant before Christ', timestamp(), `TIMESTAMPTZ '0044-03-15 (BC) 10:00:00+00'`, '! timestamp.range'],
    ['a number that is yes', flag(), '1', 'true'],
    ['a number that is neither yes nor no', flag(), '2', '! boolean.format'],
    ['a number that is none, for yes or no', flag(), `'NaN'::DOUBLE`, '! boolean.format'],
    ['an infinite date', date(), `'infinity'::DATE`, '! date.format'],
    ['an instant', timestamp(), `TIMESTAMPTZ '2020-01-01 01:00:00.123456+01'`, '2020-01-01 00:00:00.123456+00'],
    [
      'an instant where the target keeps seconds',
      timestamp({ precision: 'second' }),
      `TIMESTAMPTZ '2020-01-01 00:00:00.9+00'`,
      '2020-01-01 00:00:00+00',
    ],
    ['a uuid in capitals', uuid(), `'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['a uuid that is none', uuid(), `'12'`, '! uuid.format'],
  ] as const)('%s', async (_name, schema, sql, expected) => {
    expect(await fit(schema, sql)).toBe(expected);
  });
});

test('a key of several columns keeps apart what joining them would mix', async () => {
  const [a, b] = await run((job) =>
    Promise.all(
      [
        [`'1'`, `'23'`],
        [`'12'`, `'3'`],
      ].map((columns) => job.one(`SELECT ${keyText(columns)} AS key`, z.object({ key: z.string() }))),
    ),
  );
  expect(a?.key).not.toBe(b?.key);
});

test.each([
  ['DECIMAL(18,2)', '1.005', true],
  ['DECIMAL(18,2)', '1.0500', false],
  ['DECIMAL(18,2)', '-12', false],
  ['DECIMAL(18,2)', '1e-3', true],
  ['INTEGER', '12.5', true],
  ['INTEGER', '12.0', false],
  ['TIMESTAMPTZ', '2020-01-01T00:00:00.1234567Z', true],
  ['TIMESTAMPTZ', '2020-01-01T00:00:00.123456Z', false],
])('casting to %s the text %s loses something: %s', async (type, value, expected) => {
  const row = await run((job) =>
    job.one(
      `SELECT ${wouldLose(type, 'v') ?? 'false'} AS loses FROM (SELECT '${value}' AS v)`,
      z.object({ loses: z.boolean() }),
    ),
  );
  expect(row.loses).toBe(expected);
});
