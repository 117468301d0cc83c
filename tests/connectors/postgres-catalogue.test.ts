import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CatalogueTable, Source } from '../../connectors/port.ts';
import { postgresHarness, type PostgresHarness } from '../conformance/source-postgres.ts';

let harness: PostgresHarness;
let source: Source;
let tables: CatalogueTable[];

beforeAll(async () => {
  harness = await postgresHarness();
  await harness.run(`
    CREATE SCHEMA shop;
    CREATE TYPE shop.mood AS ENUM ('glad', 'sad');
    CREATE DOMAIN shop.code AS varchar(8);
    CREATE TABLE shop.place (b integer, a integer, name shop.code, PRIMARY KEY (a, b));
    COMMENT ON TABLE shop.place IS 'Where things stand';
    CREATE TABLE shop.thing (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      place_b integer, place_a integer NOT NULL,
      mood shop.mood NOT NULL, price numeric(12,2), weight numeric, at timestamp, photo bytea, data jsonb,
      twice bigint GENERATED ALWAYS AS (place_a * 2) STORED,
      FOREIGN KEY (place_b, place_a) REFERENCES shop.place (b, a)
    );
    COMMENT ON COLUMN shop.thing.mood IS 'how it feels';
    CREATE TABLE shop.log (day date, id integer, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE TABLE shop.log_2020 PARTITION OF shop.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE shop."dotted.name" (id integer PRIMARY KEY);
    CREATE VIEW shop.seen AS SELECT id FROM shop.thing`);
  source = await harness.open();
  tables = (await source.listObjects?.()) ?? [];
});

afterAll(async () => {
  await source.close();
  await harness.stop();
});

const table = (name: string): CatalogueTable | undefined =>
  tables.find((one) => one.schema === 'shop' && one.table === name);

test('lists tables alone: no views, no partitions of another, nothing of the system’s', () => {
  expect(tables.filter((one) => one.schema === 'shop').map((one) => one.object)).toEqual([
    'shop."dotted.name"',
    'shop.log',
    'shop.place',
    'shop.thing',
  ]);
  expect(new Set(tables.map((one) => one.schema))).not.toContain('pg_catalog');
  expect(table('log')).toMatchObject({ children: 1 });
});

test('knows keys and references by their columns, in the order in which they are declared', () => {
  expect(table('place')).toMatchObject({ key: ['a', 'b'], comment: 'Where things stand' });
  expect(table('thing')?.references).toEqual([
    { columns: ['place_b', 'place_a'], object: 'shop.place', at: ['b', 'a'] },
  ]);
});

test('knows what each column holds, domains by what they stand for', () => {
  const columns = new Map(table('thing')?.columns.map((one) => [one.name, one]));
  expect(columns.get('id')).toMatchObject({ holds: { kind: 'bigint' }, nullable: false, generated: false });
  expect(columns.get('mood')).toMatchObject({
    holds: { kind: 'enum', values: ['glad', 'sad'] },
    comment: 'how it feels',
  });
  expect(columns.get('price')?.holds).toEqual({ kind: 'decimal', precision: 12, scale: 2 });
  expect(columns.get('weight')?.holds).toEqual({ kind: 'decimal', precision: null, scale: null });
  expect(columns.get('at')?.holds).toEqual({ kind: 'localTime' });
  expect(columns.get('photo')?.holds).toEqual({ kind: 'bytes' });
  expect(columns.get('data')).toMatchObject({ holds: { kind: 'other' }, nativeType: 'jsonb' });
  expect(columns.get('twice')).toMatchObject({ generated: true });
  expect(table('place')?.columns.find((one) => one.name === 'name')?.holds).toEqual({ kind: 'text', max: 8 });
});
