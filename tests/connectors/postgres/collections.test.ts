import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CollectionDescription, Target } from '../../../connectors/port.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';

let harness: PostgresTargetHarness;
let target: Target;
let found: CollectionDescription[];

const schema = `
CREATE SCHEMA shop;
CREATE DOMAIN shop.money AS numeric(12,2) NOT NULL;
CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN shop.feeling AS shop.mood;
CREATE TABLE shop.account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text NOT NULL UNIQUE,
  name varchar(80) NOT NULL, code char(4), credit shop.money, feeling shop.feeling NOT NULL DEFAULT 'ok',
  since timestamp(3), at timestamptz NOT NULL DEFAULT now(), doubled numeric GENERATED ALWAYS AS (credit * 2) STORED,
  meta jsonb, contract bytea, later text UNIQUE DEFERRABLE, partly text, present integer);
CREATE UNIQUE INDEX ON shop.account (partly) WHERE name <> '';
CREATE UNIQUE INDEX ON shop.account (present) WHERE present IS NOT NULL;
CREATE TABLE shop.given (number integer PRIMARY KEY, label text);
CREATE TABLE shop.counted (number serial PRIMARY KEY, label text);
CREATE TABLE shop.note (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), legacy_id uuid UNIQUE,
  account bigint NOT NULL REFERENCES shop.account, given integer REFERENCES shop.given, of_legacy text REFERENCES shop.account (legacy_id),
  parent uuid UNIQUE REFERENCES shop.note);
CREATE TABLE shop.line (note uuid, number integer, PRIMARY KEY (note, number));
CREATE TABLE shop.stamped (a integer, b integer, stamp integer NOT NULL UNIQUE, PRIMARY KEY (a, b));
CREATE TABLE shop.keyless (label text);
CREATE TABLE shop.seen (id integer PRIMARY KEY);
CREATE TABLE shop.partial (id integer PRIMARY KEY, open text, shut text);
CREATE TABLE shop."Odd.Name" (id integer PRIMARY KEY);
CREATE TABLE shop.parted (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE shop.parted_1 PARTITION OF shop.parted FOR VALUES FROM (0) TO (10);
CREATE VIEW shop.view AS SELECT * FROM shop.given;
GRANT USAGE ON SCHEMA shop TO loader;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA shop TO loader;
REVOKE INSERT ON shop.seen, shop.partial FROM loader;
GRANT INSERT (id, open) ON shop.partial TO loader;
CREATE SCHEMA closed;
CREATE TABLE closed.account (id integer PRIMARY KEY);
`;

beforeAll(async () => {
  harness = await postgresTargetHarness();
  await harness.admin.query(schema);
  target = await harness.open();
  found = (await target.listCollections?.()) ?? [];
});

afterAll(async () => {
  await target.close();
  await harness.stop();
});

function of(name: string): CollectionDescription {
  const one = found.find(({ collection }) => collection === name);
  if (one) return one;
  throw new Error(`there is no ${name} among ${found.map(({ collection }) => collection).join(', ')}`);
}

const names = (collection: string): string[] => of(collection).properties.map((one) => one.name);

test('tables that the user may write to, and whose rows one column tells apart, are listed under a blueprint’s names', async () => {
  const shop = found.map((one) => one.collection).filter((name) => name.startsWith('shop.'));
  const expected = ['account', 'given', 'counted', 'note', 'stamped', 'partial', '"Odd.Name"'].map(
    (one) => `shop.${one}`,
  );
  const { rows } = await harness.admin.query<{ version: string }>(
    `SELECT current_setting('server_version_num') AS version`,
  );
  // What is partitioned says which rows were created from PostgreSQL 18 on.
  if (Number(rows[0]?.version) >= 180_000) expected.push('shop.parted');
  expect(shop.toSorted()).toEqual(expected.toSorted());
  expect(of('note')).toMatchObject({ type: 'note', id: 'id' });
  expect(of('Sales.Invoice').id).toBe('id');
  expect(found.map((one) => one.collection)).not.toContain('closed.account');
});

test('a key of several parts gives way to a column that is unique by itself', () => {
  expect(of('shop.stamped')).toMatchObject({ id: 'stamp', alternateKeys: ['stamp'] });
});

test('keys are those that can be upserted on; the table’s own is one where rows may bring it, and comes last', () => {
  expect(of('shop.account').alternateKeys).toEqual(['legacy_id', 'present']);
  expect(of('shop.given').alternateKeys).toEqual(['number']);
  expect(of('shop.note').alternateKeys).toEqual(['legacy_id', 'id']);
});

test('a key that rows have to bring is required, one that the target can give out is not, and one that it insists on is none', () => {
  expect(of('shop.given').properties[0]).toMatchObject({ name: 'number', required: true });
  expect(of('shop.counted').properties[0]).toMatchObject({ name: 'number', required: false, nullable: false });
  expect(names('shop.account')).not.toContain('id');
});

test('properties are what can be written, with what they take and give back as it was', () => {
  expect(of('shop.account').properties).toEqual([
    { name: 'legacy_id', holds: { kind: 'text', max: null }, required: true },
    { name: 'name', holds: { kind: 'text', max: 80 }, required: true },
    { name: 'code', holds: { kind: 'other' }, required: false },
    { name: 'credit', holds: { kind: 'decimal', precision: 12, scale: 2 }, required: true },
    { name: 'feeling', holds: { kind: 'enum', values: ['sad', 'ok'] }, required: false, nullable: false },
    { name: 'since', holds: { kind: 'localTime', digits: 3 }, required: false },
    { name: 'at', holds: { kind: 'instant', digits: 6 }, required: false, nullable: false },
    { name: 'meta', holds: { kind: 'other' }, required: false },
    { name: 'later', holds: { kind: 'text', max: null }, required: false },
    { name: 'partly', holds: { kind: 'text', max: null }, required: false },
    { name: 'present', holds: { kind: 'integer', bits: 32 }, required: false },
  ]);
  expect(of('shop.account').files).toEqual(['contract']);
  expect(names('shop.partial')).toEqual(['id', 'open']);
});

test('references are foreign keys to the column that tells rows apart; one to another column is a property', () => {
  expect(of('shop.note').references).toEqual([
    { field: 'account', collections: ['shop.account'], nullable: false },
    { field: 'given', collections: ['shop.given'] },
    { field: 'parent', collections: ['shop.note'] },
  ]);
  expect(names('shop.note')).toEqual(['id', 'legacy_id', 'of_legacy']);
});

test('a table in public is called without its schema, and what points at it too', () => {
  expect(of('note').references).toEqual([
    { field: 'about_account', collections: ['account'] },
    { field: 'about_plain', collections: ['plain'] },
  ]);
});
