import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import type { Target } from '../../../connectors/port.ts';
import {
  bigInteger,
  choice,
  date,
  decimal,
  flag,
  integer,
  reference,
  text,
  timestamp,
  uuid,
} from '../../../model/shape.ts';
import { collectionOf } from '../../conformance/target-cloud-crm.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';

let harness: PostgresTargetHarness;
let target: Target;

beforeAll(async () => {
  harness = await postgresTargetHarness();
  target = await harness.open();
  await harness.admin.query(`CREATE TABLE other (id bigint PRIMARY KEY); CREATE DOMAIN amount AS numeric(8,2);
    CREATE TYPE mood AS ENUM ('sad', 'ok')`);
});

afterAll(async () => {
  await target.close();
  await harness.stop();
});

let tables = 0;
/** Makes a table with one column besides its keys, and says what is wrong with a shape of one field. */
async function problems(column: string, schema: z.ZodType, keys = 'legacy_id text UNIQUE'): Promise<string[]> {
  tables += 1;
  await harness.admin.query(
    `CREATE TABLE shaped${tables} (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), ${keys}, field ${column})`,
  );
  const names = { collection: `shaped${tables}`, id: 'id', legacyKey: 'legacy_id' };
  const found = await target.checkShape(collectionOf(names, { field: schema }));
  for (const problem of found) expect(problem.hint).toMatch(/\w{4}/);
  return found.map((one) => (one.severity === 'error' ? one.code : `${one.code}?`));
}

const fits: [column: string, what: string, schema: z.ZodType][] = [
  ['text', 'a text', text(10_000)],
  ['varchar(20)', 'a text of 20', text(20)],
  ['mood', 'a text', text(10)],
  ['numeric', 'any decimal', decimal(38, 10)],
  ['numeric(18,2)', 'a decimal of as many digits', decimal(18, 2)],
  ['amount', 'a decimal of its domain', decimal(8, 2)],
  ['bigint', 'a decimal without fraction', decimal(18, 0)],
  ['integer', 'an integer', integer()],
  ['smallint', 'a small integer', integer({ min: 0, max: 32_767 })],
  ['bigint', 'a large integer', bigInteger()],
  ['smallint', 'a choice', choice({ 1: 'a', 2: 'b' })],
  ['boolean', 'a flag', flag()],
  ['date', 'a date', date()],
  ['timestamptz', 'an instant', timestamp()],
  ['timestamptz(0)', 'an instant to the second', timestamp({ precision: 'second' })],
  ['uuid', 'a UUID', uuid()],
  ['bigint REFERENCES other', 'a reference', reference('other')],
];
test.each(fits)('%s holds %s', async (column, _what, schema) => {
  expect(await problems(`${column} NOT NULL`, schema)).toEqual([]);
});

const misfits: [column: string, what: string, schema: z.ZodType, code: string][] = [
  ['varchar(19)', 'a text of 20', text(20), 'target.too-narrow'],
  ['char(20)', 'a text, whose blanks it drops', text(20), 'target.wrong-type'],
  ['jsonb', 'a text, which it writes anew', text(20), 'target.wrong-type'],
  ['bytea', 'a text', text(20), 'target.wrong-type'],
  ['integer', 'a text', text(20), 'target.wrong-type'],
  ['numeric(18,2)', 'a decimal of more digits after the point', decimal(18, 3), 'target.too-narrow'],
  ['numeric(18,2)', 'a decimal of more digits before it', decimal(19, 2), 'target.too-narrow'],
  ['amount', 'a decimal that its domain does not', decimal(9, 2), 'target.too-narrow'],
  ['double precision', 'a decimal exactly', decimal(9, 2), 'target.wrong-type'],
  ['money', 'a decimal exactly', decimal(9, 2), 'target.wrong-type'],
  ['bigint', 'a decimal with a fraction', decimal(9, 2), 'target.too-narrow'],
  ['smallint', 'an integer', integer(), 'target.too-narrow'],
  ['integer', 'a large integer', bigInteger(), 'target.too-narrow'],
  ['smallint', 'a choice beyond it', choice({ 40_000: 'a' }), 'target.too-narrow'],
  ['text', 'a flag', flag(), 'target.wrong-type'],
  ['timestamptz', 'a date', date(), 'target.wrong-type'],
  ['date', 'an instant', timestamp(), 'target.wrong-type'],
  ['timestamptz(3)', 'an instant to the microsecond', timestamp(), 'target.too-narrow'],
  ['timestamp', 'an instant without saying in which zone', timestamp(), 'target.local-time?'],
  ['varchar(35)', 'a UUID', uuid(), 'target.too-narrow'],
  ['bigint', 'a reference that nothing sees to', reference('other'), 'target.no-foreign-key?'],
  ['bigint REFERENCES other', 'a reference to another table', reference('plain'), 'target.wrong-reference'],
  ['integer GENERATED ALWAYS AS (1) STORED', 'what it computes itself', integer(), 'target.read-only'],
];
test.each(misfits)('%s does not hold %s', async (column, _what, schema, code) => {
  expect(await problems(column, schema)).toEqual([code]);
});

test('a field that may be empty in the shape and not in the target is told', async () => {
  expect(await problems('text NOT NULL', text(20).nullable())).toEqual(['target.not-nullable']);
});

const keys: [definition: string, codes: string[]][] = [
  ['legacy_id text UNIQUE', []],
  ['legacy_id text', ['target.not-a-key']],
  ['legacy_id text UNIQUE DEFERRABLE', ['target.not-a-key']],
  ['legacy_id text, kind integer, UNIQUE (legacy_id, kind)', ['target.not-a-key']],
  ['legacy_id char(20) UNIQUE', ['target.wrong-type']],
  ['legacy_id numeric UNIQUE', ['target.wrong-type']],
  ['legacy_id text UNIQUE, needed integer NOT NULL', ['target.needs-value?']],
  ['legacy_id text UNIQUE, needed integer NOT NULL DEFAULT 1', []],
];
test.each(keys)('a legacy key declared as «%s» is judged', async (definition, codes) => {
  expect(await problems('text', text(20), definition)).toEqual(codes);
});

test('an index over the rows that have a legacy key is one to upsert by, any other part of the rows is not', async () => {
  await harness.admin
    .query(`CREATE TABLE partly (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text, field text);
    CREATE UNIQUE INDEX partly_key ON partly (legacy_id) WHERE field IS NOT NULL`);
  const names = { collection: 'partly', id: 'id', legacyKey: 'legacy_id' };
  const check = async (): Promise<string[]> =>
    (await target.checkShape(collectionOf(names, { field: text(5) }))).map((one) => one.code);
  expect(await check()).toEqual(['target.not-a-key']);
  await harness.admin.query(
    'DROP INDEX partly_key; CREATE UNIQUE INDEX partly_key ON partly (legacy_id) WHERE legacy_id IS NOT NULL',
  );
  expect(await check()).toEqual([]);
});

test('keys that the target does not assign, or that say nothing, are told, and so are views', async () => {
  await harness.admin.query(`CREATE TABLE unassigned (id bigint PRIMARY KEY, legacy_id text UNIQUE, twice integer);
    CREATE VIEW seen AS SELECT * FROM plain`);
  const of = async (collection: string, id: string): Promise<string[]> => {
    const found = await target.checkShape(collectionOf({ collection, id, legacyKey: 'legacy_id' }, {}));
    return found.map((one) => one.code);
  };
  expect(await of('unassigned', 'id')).toEqual(['target.needs-value']);
  expect(await of('unassigned', 'twice')).toContain('target.not-a-key');
  expect(await of('seen', 'id')).toContain('target.not-a-table');
});

test('the fingerprint changes with a column, a key and a constraint, and with nothing else', async () => {
  await harness.admin.query('CREATE TABLE printed (id bigint PRIMARY KEY, legacy_id text, field text)');
  const seen: (string | undefined)[] = [];
  for (const change of [
    'SELECT 1',
    'ALTER TABLE printed ALTER field TYPE varchar(5)',
    'ALTER TABLE printed ADD UNIQUE (legacy_id)',
    `ALTER TABLE printed ADD CHECK (field <> '')`,
    'ALTER TABLE printed ADD more integer',
  ]) {
    await harness.admin.query(change);
    seen.push((await target.fingerprint(['printed']))['printed']);
  }
  await harness.admin.query(`INSERT INTO printed VALUES (1, 'a', 'b')`);
  expect((await target.fingerprint(['printed']))['printed']).toBe(seen.at(-1));
  expect(new Set(seen).size).toBe(seen.length);
});
