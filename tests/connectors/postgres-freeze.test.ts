import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgres } from '../../connectors/postgres/index.ts';
import type { Source } from '../../connectors/port.ts';
import { postgresHarness, type PostgresHarness } from '../conformance/source-postgres.ts';

let harness: PostgresHarness;
let source: Source;

beforeAll(async () => {
  harness = await postgresHarness();
  await harness.run(`CREATE TABLE state (frozen boolean NOT NULL); INSERT INTO state VALUES (false);
    CREATE FUNCTION freeze(wanted boolean) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'LOCK TABLE state; UPDATE state SET frozen = wanted';
    CREATE FUNCTION is_frozen() RETURNS boolean LANGUAGE sql SECURITY DEFINER AS 'SELECT frozen FROM state'`);
  const settings = postgres.settings.parse({
    kind: 'postgres',
    host: '127.0.0.1',
    port: harness.port,
    database: 'odd',
    user: 'reader',
    password: { env: 'PASSWORD' },
    freeze: { set: 'SELECT freeze($1)', probe: 'SELECT is_frozen()', waitMs: 300 },
  });
  const opened = await postgres.openSource?.('odd', settings, () => 'reader-secret');
  if (!opened) throw new Error('no source');
  source = opened;
});

afterAll(async () => {
  await source.close();
  await harness.stop();
});

test('a freeze does what the administrator’s functions say, and is undone', async () => {
  await source.freeze?.([]);
  expect(await source.isFrozen?.([])).toBe(true);
  await source.freeze?.([]);
  await source.unfreeze?.([]);
  expect(await source.isFrozen?.([])).toBe(false);
});

test('a freeze does not wait for ever behind work in flight, and says that it waits for it', async () => {
  const busy = new pg.Client({ connectionString: harness.url });
  await busy.connect();
  await busy.query('BEGIN');
  await busy.query('LOCK TABLE state IN ROW EXCLUSIVE MODE');
  await expect(source.freeze?.([])).rejects.toMatchObject({
    code: 'source.freeze-blocked',
    kind: 'transient',
    what: expect.stringContaining('300 ms'),
  });
  expect(await source.isFrozen?.([])).toBe(false);
  await busy.query('ROLLBACK');
  await busy.end();
  await source.freeze?.([]);
  expect(await source.isFrozen?.([])).toBe(true);
});
