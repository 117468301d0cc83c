import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ActualPage, LinePage, Target, TargetCollection } from '../../../connectors/port.ts';
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
import { withDuckJob } from '../../../staging/duckdb/job.ts';
import { openWire, type Wire } from '../../chaos/wire.ts';
import { Bench } from '../../conformance/target-bench.ts';
import { collectionOf } from '../../conformance/target-cloud-crm.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';
import { staged } from '../../staging/open-staging.ts';
import { z } from 'zod';

const { call } = new Bench();
let harness: PostgresTargetHarness;
let wire: Wire;
let target: Target;

const legacyKey = 'legacy_id';
const shape = {
  name: text(1000).nullable(),
  exact: decimal(38, 4).nullable(),
  whole: integer().nullable(),
  long: bigInteger().nullable(),
  yes: flag().nullable(),
  day: date().nullable(),
  at: timestamp().nullable(),
  clock: timestamp().nullable(),
  guid: uuid().nullable(),
  chosen: choice({ 1: 'one' }).nullable(),
  owner: reference('person', 'team').nullable(),
};
const kinds = collectionOf({ collection: 'kinds_of_value', id: 'id', legacyKey }, shape);
const many = collectionOf({ collection: 'many', id: 'id', legacyKey }, { name: text(20) });
const loose = collectionOf({ collection: 'loose', id: 'id', legacyKey }, { whole: integer() });
const Many = 2_500;
/** What a page of lines holds here. */
const PageRows = 1_000;

beforeAll(async () => {
  harness = await postgresTargetHarness();
  await harness.admin.query(String.raw`
    CREATE TABLE kinds_of_value (id text PRIMARY KEY, legacy_id text UNIQUE, name text, exact numeric, whole integer, long bigint, yes boolean,
      day date, at timestamptz, clock timestamp, guid uuid, chosen smallint, owner_person bigint, owner_team uuid);
    INSERT INTO kinds_of_value (id, legacy_id, name) VALUES
      ('a', 'K-1', E'tab\tline\nreturn\rback\\slash\\n \\N \\. \b\f\v'), ('b', 'K-2', ''), ('c', 'K-3', NULL), ('d', E'K\\4\t', '\N'),
      ('e', 'K-5', 'Ünïcode 🦉 '), ('f', NULL, 'not ours');
    INSERT INTO kinds_of_value (id, legacy_id, exact, whole, long, yes, day, at, clock, guid, chosen, owner_person) VALUES
      ('g', 'K-7', -12345678901234567890123456789012.3400, -2147483648, 9223372036854775807, true, '2024-02-29',
        '2024-02-29 23:59:59.123456+00', '2024-02-29 23:59:59.5', '0b7e8a52-5f5a-4b0e-9d8e-0a3b1c2d3e4f', 1, 7),
      ('h', 'K-8', 'NaN', 0, 0, false, '0044-03-15 BC', '0044-03-15 12:00:00.5+00 BC', '0001-12-31 BC', NULL, NULL, NULL),
      ('i', 'K-9', 0.0000, NULL, NULL, NULL, 'infinity', '-infinity', '12024-01-01 00:00', NULL, NULL, NULL);
    INSERT INTO kinds_of_value (id, legacy_id, owner_team) VALUES ('j', 'K-10', '0b7e8a52-5f5a-4b0e-9d8e-0a3b1c2d3e4f');
    CREATE TABLE many (id text PRIMARY KEY, legacy_id text UNIQUE, name text);
    INSERT INTO many SELECT E'key\\' || n, 'M-' || n, 'row ' || n FROM generate_series(1, ${Many}) n;
    CREATE TABLE loose (id bigint PRIMARY KEY, legacy_id text UNIQUE, whole numeric);
    INSERT INTO loose VALUES (1, 'L-1', 1.00);
    GRANT SELECT ON kinds_of_value, many, loose TO loader`);
  wire = await openWire();
  wire.to(harness.settings.port);
  target = await harness.openWith({ port: wire.port, target: { pageRows: PageRows / 5 } });
});

afterAll(async () => {
  await target.close();
  await wire.close();
  await harness.stop();
});

type Row = Record<string, string | null>;

/** Every row as the lines have it, read by DuckDB as a step reads them. */
async function asLines(of: TargetCollection): Promise<{ rows: Row[]; pages: LinePage[] }> {
  const staging = await staged();
  const names = ['_target', '_key', ...Object.keys(of.shape)];
  return withDuckJob(staging.budget, { purpose: 'test', scratch: staging.scratch, mapping: false }, async (job) => {
    await job.createTable('page', Object.fromEntries(names.map((name) => [name, 'VARCHAR'])));
    const pages: LinePage[] = [];
    for (let after: string | null | undefined = null; after !== undefined;) {
      const page: LinePage | null | undefined = await target.readBackLines?.(
        of,
        Object.keys(of.shape),
        after,
        async (lines) => {
          for await (const piece of lines) await job.insertLines('page', names.length, piece);
        },
        call,
      );
      if (!page) throw new Error('not read as lines');
      pages.push(page);
      after = page.next ?? undefined;
    }
    return {
      rows: await job.all('SELECT * FROM page ORDER BY _target', z.record(z.string(), z.string().nullable())),
      pages,
    };
  });
}

async function asObjects(of: TargetCollection): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after: string | null | undefined = null; after !== undefined;) {
    const page: ActualPage = await target.readBack(of, after, call);
    for (const { targetKey, legacyKey: key, values } of page.rows) {
      const texts = Object.entries(values).map(([name, value]) => [name, value === null ? null : String(value)]);
      rows.push({ _target: targetKey, _key: key, ...Object.fromEntries(texts) });
    }
    after = page.next ?? undefined;
  }
  return rows.toSorted((a, b) => ((a['_target'] ?? '') < (b['_target'] ?? '') ? -1 : 1));
}

/** Instants in one form: DuckDB's casts read both. */
const same = (rows: Row[]): Row[] =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const instant = name === 'at' || name === 'clock';
        return [
          name,
          instant && value !== null
            ? value
                .replace('T', ' ')
                .replace(/(?:\+00|Z)$/, '')
                .replace(/(?:\.0+|(?<=\.\d+?)0+)$/, '')
            : value,
        ];
      }),
    ),
  );

test('every kind of value reads as lines as it reads as objects', async () => {
  const { rows } = await asLines(kinds);
  expect(rows).toHaveLength(9);
  expect(rows[0]?.['name']).toBe('tab\tline\nreturn\rback\\slash\\n \\N \\. \b\f\v');
  expect(rows.find((one) => one['_target'] === 'd')).toMatchObject({ _key: 'K\\4\t', name: '\\N' });
  expect(rows.find((one) => one['_target'] === 'h')).toMatchObject({
    day: '-0043-03-15',
    clock: '0000-12-31T00:00:00.000000Z',
  });
  expect(same(rows)).toEqual(same(await asObjects(kinds)));
});

test('reads page after page, each row once, whatever the keys hold', async () => {
  const { rows, pages } = await asLines(many);
  expect(pages.map((one) => one.count)).toEqual([PageRows, PageRows, Many - 2 * PageRows]);
  expect(new Set(rows.map((one) => one['_key'])).size).toBe(Many);
  expect(rows).toEqual(await asObjects(many));
});

test('a field that objects would read otherwise is not read as lines', async () => {
  let took = false;
  const take = (): Promise<void> => {
    took = true;
    return Promise.resolve();
  };
  expect(await target.readBackLines?.(loose, ['whole'], null, take, call)).toBeNull();
  expect(took).toBe(false);
});

test('a connection that breaks within a page is made anew, and the page read from its beginning', async () => {
  let begun = 0;
  let said = '';
  const page = await target.readBackLines?.(
    many,
    ['name'],
    null,
    async (lines) => {
      begun += 1;
      if (begun === 1) wire.drop(10);
      said = '';
      for await (const piece of lines) said += piece;
    },
    call,
  );
  expect(page?.count).toBe(PageRows);
  expect(begun).toBeGreaterThan(1);
  expect(said.split('\n')).toHaveLength(PageRows + 1);
});

test('whoever cannot take the lines is told why, and the connection is not left in the middle of an answer', async () => {
  const full = new Error('no space left');
  const failing = async (lines: AsyncIterable<string>): Promise<void> => {
    for await (const _piece of lines) throw full;
  };
  await expect(target.readBackLines?.(many, ['name'], null, failing, call)).rejects.toBe(full);
  expect((await asLines(many)).rows).toHaveLength(Many);
});
