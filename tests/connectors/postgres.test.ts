import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { postgres } from '../../connectors/postgres/index.ts';
import type { ChunkBounds, LeaseRef, ReadRequest, Source } from '../../connectors/port.ts';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';

let server: SandboxPostgres;
let data: string;
let scratch: string;
let source: Source;
let client: pg.Client;
const budget = createDuckBudget({ memoryBytes: 256 * 1024 * 1024, threads: 1, slots: 1 });

beforeAll(async () => {
  data = join(tmpdir(), `landfall-pg-test-${process.pid}`);
  await mkdir(data, { recursive: true });
  scratch = await mkdtemp(join(tmpdir(), 'landfall-pg-scratch-'));
  server = await startPostgres({ dataDir: data, durable: false });
  await server.createDatabase('odd');
  client = new pg.Client({ connectionString: server.url('odd') });
  await client.connect();
  source = await open({});
}, 60_000);

afterAll(async () => {
  await source.close();
  await client.end();
  await server.stop();
  await rm(data, { recursive: true, force: true });
  await rm(scratch, { recursive: true, force: true });
});

async function open(over: Record<string, unknown>): Promise<Source> {
  const settings = {
    kind: 'postgres',
    host: '127.0.0.1',
    port: server.port,
    database: 'odd',
    user: 'postgres',
    ...over,
  };
  const opened = await postgres.openSource?.('odd', postgres.settings.parse(settings), () => 'sandbox');
  if (!opened) throw new Error('no source');
  return opened;
}

async function requestFor(object: string, key: string[]): Promise<ReadRequest> {
  const [table] = await source.describe([object]);
  return { object, key, columns: table?.columns ?? [] };
}

async function chunksOf(request: ReadRequest, rows: number, lease?: LeaseRef): Promise<ChunkBounds[]> {
  const chunks: ChunkBounds[] = [];
  for await (const chunk of source.planChunks(request, rows, lease)) chunks.push(chunk);
  return chunks;
}

async function read(request: ReadRequest, bounds: ChunkBounds, lease?: LeaseRef): Promise<Record<string, unknown>[]> {
  const how = await source.readChunk(request, bounds, lease);
  if (how.via !== 'duckdb') throw new Error('not through DuckDB');
  return withDuckJob(budget, { purpose: 'test', scratch, extensions: [how.extension], locked: false }, async (job) => {
    for (const statement of how.setup) await job.run(statement);
    const rows = await job.all(how.select, z.record(z.string(), z.unknown()));
    for (const statement of how.teardown) await job.run(statement);
    return rows;
  });
}

describe('chunks', () => {
  test('cover every row once, whatever the keys: gaps, skew, scripts, quotes', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((text) => !text.includes('\0')),
          { minLength: 1, maxLength: 60 },
        ),
        fc.integer({ min: 1, max: 20 }),
        async (keys, size) => {
          round += 1;
          const table = `"Odd ""T""${round}"`;
          await client.query(`CREATE TABLE ${table} ("The Key" text PRIMARY KEY)`);
          await client.query(`INSERT INTO ${table} SELECT unnest($1::text[])`, [keys]);
          const request = await requestFor(table, ['The Key']);
          const chunks = await chunksOf(request, size);
          const counts = await Promise.all(chunks.map((chunk) => source.countChunk(request, chunk)));
          expect(counts.reduce((sum, n) => sum + n, 0)).toBe(keys.length);
          expect(Math.max(...counts)).toBeLessThanOrEqual(size);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('follow a key of several columns, and read what the source counts', async () => {
    await client.query('CREATE TABLE pairs (a integer, b uuid DEFAULT gen_random_uuid(), PRIMARY KEY (a, b))');
    await client.query('INSERT INTO pairs SELECT i / 7 FROM generate_series(1, 500) i');
    const request = await requestFor('pairs', ['a', 'b']);
    let rows = 0;
    for (const chunk of await chunksOf(request, 90)) {
      const staged = await read(request, chunk);
      expect(staged.length).toBe(await source.countChunk(request, chunk));
      rows += staged.length;
    }
    expect(rows).toBe(500);
  });

  test('are one, open at both ends, for an empty table', async () => {
    await client.query('CREATE TABLE nothing (id integer PRIMARY KEY)');
    expect(await chunksOf(await requestFor('nothing', ['id']), 10)).toEqual([{ number: 0, from: null, to: null }]);
  });

  test('are refused where the key is not one', async () => {
    await client.query('CREATE TABLE loose (id integer); INSERT INTO loose VALUES (1), (1), (2)');
    await expect(chunksOf(await requestFor('loose', ['id']), 10)).rejects.toMatchObject({
      code: 'source.duplicate-key',
    });
    await client.query('TRUNCATE loose; INSERT INTO loose VALUES (1), (NULL)');
    await expect(chunksOf(await requestFor('loose', ['id']), 10)).rejects.toMatchObject({ code: 'source.null-key' });
  });
});

test('values arrive as the server has them, exact and without a guess', async () => {
  await client.query(
    'CREATE TABLE kinds (id integer PRIMARY KEY, n numeric, m numeric(18,2), t timestamptz, d date, b bytea, u uuid, c char(5), j jsonb, x text)',
  );
  await client.query(
    `INSERT INTO kinds VALUES (1, 1.23456789012345678901234567890123456789, 'NaN', '1999-12-31 23:59:59.123456+01', '0044-03-15 BC',
     '\\x00ff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'ab', '{"a": 1.50}', ''), (2, NULL, 0.10, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL)`,
  );
  const request = await requestFor('kinds', ['id']);
  const [one, two] = await read(request, { number: 0, from: null, to: null });
  expect(one).toMatchObject({
    n: '1.23456789012345678901234567890123456789',
    m: 'NaN',
    t: '1999-12-31 22:59:59.123456+00',
    d: '0044-03-15 (BC)',
    c: 'ab',
    j: '{"a": 1.50}',
    x: '',
  });
  expect(two).toMatchObject({ n: null, m: '0.10', t: 'infinity', x: null });
});

describe('a lease', () => {
  test('shows every reader the same state, and tells when it is lost', async () => {
    await client.query(
      'CREATE TABLE live (id integer PRIMARY KEY, v text); INSERT INTO live SELECT i, i FROM generate_series(1, 100) i',
    );
    const lease = await source.openLease?.();
    if (!lease) throw new Error('no lease');
    await client.query('INSERT INTO live SELECT i, i FROM generate_series(101, 150) i; DELETE FROM live WHERE id = 7');
    const request = await requestFor('live', ['id']);
    const all = { number: 0, from: null, to: null };
    expect(await source.countChunk(request, all, lease)).toBe(100);
    expect((await read(request, all, lease)).length).toBe(100);
    expect(await source.countChunk(request, all)).toBe(149);
    await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'`);
    expect((await lease.lost).code).toBe('source.lease-lost');
    expect(await source.isAlive?.(lease)).toBe(false);
  });

  test('proves of each earlier chunk whether it still stands', async () => {
    await client.query(
      'CREATE TABLE stands (id integer PRIMARY KEY, v text); INSERT INTO stands SELECT i, i FROM generate_series(1, 40) i',
    );
    const request = await requestFor('stands', ['id']);
    const chunks = await chunksOf(request, 10);
    const before = await source.openLease?.();
    await before?.release();
    await client.query(
      `UPDATE stands SET v = 'new' WHERE id = 5; DELETE FROM stands WHERE id = 15; INSERT INTO stands VALUES (1000, 'x')`,
    );
    const now = await source.openLease?.();
    if (!before || !now) throw new Error('no lease');
    const verdicts: unknown[] = [];
    for (const chunk of chunks) {
      verdicts.push(await source.stillStands?.(request, chunk, { position: before.position, rows: 10 }, now));
    }
    await now.release();
    expect(verdicts).toEqual([false, false, true, false]);
  });
});

test('a figure is computed exactly, in groups', async () => {
  await client.query(
    `CREATE TABLE money (id integer PRIMARY KEY, c text, v numeric); INSERT INTO money VALUES (1, 'CHF', 0.1), (2, 'CHF', 0.2), (3, NULL, 5)`,
  );
  const answer = await source.figures?.({
    object: 'money',
    by: { currency: 'c' },
    measure: { kind: 'sum', of: 'v', scale: 2 },
  });
  expect(answer).toMatchObject({
    kind: 'rows',
    rows: expect.arrayContaining([
      { group: { currency: 'CHF' }, value: '0.3' },
      { group: { currency: null }, value: '5' },
    ]),
  });
});

test('an attachment streams whole; none is none, and empty is empty', async () => {
  await client.query(
    `CREATE TABLE files (id integer PRIMARY KEY, f bytea); INSERT INTO files VALUES (1, NULL), (2, ''), (3, decode(repeat('ab', 2500000), 'hex'))`,
  );
  const bytes = async (id: string): Promise<number | null> => {
    const stream = await source.openAttachment?.({ object: 'files', key: ['id'], column: 'f' }, [id]);
    if (!stream) return null;
    let size = 0;
    for await (const piece of stream) size += piece.length;
    return size;
  };
  expect([await bytes('1'), await bytes('2'), await bytes('3')]).toEqual([null, 0, 2_500_000]);
});

test('a missing table is named with the one that was meant', async () => {
  await expect(source.describe(['public.kindz'])).rejects.toMatchObject({
    code: 'source.missing-table',
    hint: expect.stringContaining('public.kinds'),
  });
});

test('a database that is not there, and a port where nothing answers, are told apart', async () => {
  const wrong = await open({ database: 'even' });
  await expect(wrong.ping()).rejects.toMatchObject({ code: 'source.database', kind: 'permanent' });
  await wrong.close();
  const silent = await open({ port: 9 });
  await expect(silent.ping()).rejects.toMatchObject({ code: 'source.refused', kind: 'transient' });
  await silent.close();
});
