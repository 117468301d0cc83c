import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokenOff } from '../../connectors/postgres/errors.ts';
import { Settings } from '../../connectors/postgres/settings.ts';
import { LandfallError } from '../../model/errors.ts';
import { literal } from '../../model/sql.ts';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import { openWire, type Wire } from '../chaos/wire.ts';

let folder: string;
let data: string;
let postgres: SandboxPostgres;
let wire: Wire;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-broken-'));
  data = join(tmpdir(), `landfall-broken-pg-${randomBytes(6).toString('hex')}`);
  postgres = await startPostgres({ dataDir: data, durable: false });
  wire = await openWire();
  wire.to(postgres.port);
});

afterAll(async () => {
  await wire.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
  await rm(data, { recursive: true, force: true });
});

const settings = (port: number): Settings =>
  Settings.parse({ kind: 'postgres', host: '127.0.0.1', port, database: 'postgres', user: 'postgres' });

/** What DuckDB says when a statement at the source fails, and what the connector makes of it. */
async function said(statement: string, during: () => void, database = 'postgres'): Promise<LandfallError | null> {
  const budget = createDuckBudget({ memoryBytes: 512 * 2 ** 20, threads: 1, slots: 1 });
  const of = { purpose: 'read', scratch: folder, locked: false, extensions: ['postgres_scanner'] } as const;
  const failure: unknown = await withDuckJob(budget, of, async (job) => {
    const at = `host=127.0.0.1 port=${wire.port} dbname=${database} user=postgres password=x connect_timeout=2`;
    setTimeout(during, 300);
    await job.run(`ATTACH ${literal(at)} AS source (TYPE postgres, READ_ONLY)`);
    await job.run(`CREATE TABLE t AS SELECT * FROM postgres_query('source', ${literal(statement)})`);
  }).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(failure instanceof LandfallError)) throw new Error('the statement did not fail');
  return brokenOff(failure.confidential ?? '', 'legacy', settings(wire.port), 'source');
}

const nothing = (): void => {};
const slow = 'SELECT pg_sleep(1), 1 AS a';

test('a connection that is cut while DuckDB reads is a passing failure', async () => {
  expect(await said(slow, () => wire.drop(100))).toMatchObject({ code: 'source.lost', kind: 'transient' });
});

test('a server that cannot be reached when DuckDB connects is a passing failure', async () => {
  wire.drop(1_000);
  expect(await said(slow, nothing)).toMatchObject({ code: 'source.lost', kind: 'transient' });
  await new Promise((next) => setTimeout(next, 1_000));
});

test('a server that ends its side of a connection is a passing failure', async () => {
  expect(await said(slow, () => wire.halfClose())).toMatchObject({ code: 'source.lost', kind: 'transient' });
});

test('a statement that the source refuses, and a database that is not there, are no broken connections', async () => {
  expect(await said('SELECT no_such_column', nothing)).toBeNull();
  expect(await said(slow, nothing, 'no_such_database')).toBeNull();
});
