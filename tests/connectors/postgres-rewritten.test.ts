import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReadRequest, Source } from '../../connectors/port.ts';
import { postgresHarness, type PostgresHarness } from '../conformance/source-postgres.ts';

let harness: PostgresHarness;
let source: Source;

beforeAll(async () => {
  harness = await postgresHarness();
  source = await harness.open();
});

afterAll(async () => {
  await source.close();
  await harness.stop();
});

let tables = 0;
/** A table of ten rows, and what is done to it while a snapshot is held. @returns what the snapshot shows, and what is proven */
async function meanwhile(work: (name: string) => string, made = (name: string): string => name): Promise<unknown> {
  tables += 1;
  const name = `t${tables}`;
  await harness.run(`CREATE TABLE ${name} (id integer PRIMARY KEY, v text NOT NULL, n integer);
    INSERT INTO ${name} SELECT i, 'v' || i, i FROM generate_series(1, 10) i`);
  const object = `public.${made(name)}`;
  const request: ReadRequest = { object, key: ['id'], columns: [] };
  const lease = await source.openLease?.();
  if (!lease) throw new Error('no snapshots');
  try {
    await harness.run(work(name));
    const rows = await source.countChunk(request, { number: 0, from: null, to: null }, lease);
    const proven = await source.proveShown?.(object, lease).then(
      () => 'shown',
      (error: { code: string; where: unknown }) => [error.code, error.where],
    );
    return [rows, proven];
  } finally {
    await lease.release();
  }
}

const refused = (name: string): unknown => ['source.rewritten', { connection: 'odd', object: `public.${name}` }];
const next = (): string => `t${tables + 1}`;

test.each<[string, (name: string) => string]>([
  ['emptied', (name) => `TRUNCATE ${name}`],
  ['emptied and filled again', (name) => `TRUNCATE ${name}; INSERT INTO ${name} VALUES (1, 'x', 1)`],
  ['rewritten because a column became wider', (name) => `ALTER TABLE ${name} ALTER COLUMN n TYPE bigint`],
  ['dropped and made anew', (name) => `DROP TABLE ${name}; CREATE TABLE ${name} (id integer PRIMARY KEY)`],
])('a table that is %s under a snapshot shows no row in it, and is not taken for empty', async (_, work) => {
  const name = next();
  expect(await meanwhile(work)).toEqual([0, refused(name)]);
});

test('a table behind a view, and a partition, are looked at as well', async () => {
  const view = next();
  await harness.run(`CREATE TABLE base (id integer PRIMARY KEY); INSERT INTO base VALUES (1), (2);
    CREATE VIEW outer_view AS SELECT id FROM (SELECT * FROM base) b`);
  expect(
    await meanwhile(
      () => 'TRUNCATE base',
      () => 'outer_view',
    ),
  ).toEqual([0, refused('outer_view')]);
  expect(view).not.toBe(next());
  await harness.run(`CREATE TABLE whole (id integer PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE low PARTITION OF whole FOR VALUES FROM (0) TO (10); CREATE TABLE high PARTITION OF whole FOR VALUES FROM (10) TO (20);
    INSERT INTO whole SELECT generate_series(5, 14)`);
  expect(
    await meanwhile(
      () => 'TRUNCATE high',
      () => 'whole',
    ),
  ).toEqual([5, refused('whole')]);
});

test.each<[string, (name: string) => string]>([
  [
    'people work in it',
    (name) => `UPDATE ${name} SET n = 0; DELETE FROM ${name} WHERE id < 5; INSERT INTO ${name} VALUES (99, 'x', 1)`,
  ],
  ['it is given a column', (name) => `ALTER TABLE ${name} ADD COLUMN extra text DEFAULT 'x'`],
  ['it is given an index, and analysed', (name) => `CREATE INDEX ON ${name} (n); ANALYZE ${name}`],
])('a table is shown as it was although %s', async (_, work) => {
  expect(await meanwhile(work)).toEqual([10, 'shown']);
});
