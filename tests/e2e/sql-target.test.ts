import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readReport } from '../../activities/reports.ts';
import { ask } from '../../cli/ask.ts';
import { checkConfig, type LoadedConfig } from '../../cli/config.ts';
import { makeKeyPair } from '../../cli/people.ts';
import { checkMigration, decide, startRun, withClient, withSystem } from '../../cli/runs.ts';
import type { PartReport, Report } from '../../model/report.ts';
import type { RunStatus } from '../../model/run.ts';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';
import { status } from '../../workflows/messages.ts';
import { held, makeSystems, Suppliers } from './sql-systems.ts';

let folder: string;
let data: string;
let server: SandboxPostgres;
let legacy: pg.Client;
let target: pg.Client;
let loaded: LoadedConfig;
let configFile: string;
let worker: ChildProcess;

/** Gives a worker that has begun to work: Temporal refuses questions to a queue at which nobody has asked for a while. */
async function startWorkerProcess(): Promise<ChildProcess> {
  const args = ['cli/main.ts', '-c', configFile, 'worker'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface(child.stdout)) if (line.startsWith('Working on')) break;
  child.stdout.resume();
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function clientOf(database: string): Promise<pg.Client> {
  await server.createDatabase(database);
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  return client;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-sql-'));
  data = join(tmpdir(), `landfall-sql-pg-${randomBytes(6).toString('hex')}`);
  await mkdir(data, { recursive: true });
  server = await startPostgres({ dataDir: data, durable: false });
  legacy = await clientOf('legacy');
  target = await clientOf('cloud');
  await makeSystems({ legacy, target });
  const people: Record<string, object> = {};
  for (const [person, role] of [
    ['olga', 'owner'],
    ['emil', 'engineer'],
  ] as const) {
    const pair = makeKeyPair();
    await writeFile(join(folder, `${person}.key`), pair.privateKey, { mode: 0o600 });
    people[person] = { name: person, roles: [role], publicKey: pair.publicKey };
  }
  await writeFile(join(folder, 'master.key'), randomBytes(32).toString('base64'));
  const blueprint = fileURLToPath(new URL('sql-blueprint.ts', import.meta.url));
  await writeFile(
    join(folder, 'blueprint.ts'),
    `import { purchasing } from ${JSON.stringify(blueprint)};\nexport default purchasing;\n`,
  );
  const at = { kind: 'postgres', host: '127.0.0.1', port: server.port };
  const config = checkConfig(
    {
      staging: { folder: 'staging', masterKey: { file: 'master.key' }, scratch: join(folder, 'scratch') },
      temporal: { address: inject('temporalAddress'), taskQueue: `sql-${randomBytes(4).toString('hex')}` },
      connections: {
        legacy: {
          ...at,
          database: 'legacy',
          user: 'legacy_reader',
          freeze: { set: 'SELECT erp.freeze($1)', probe: 'SELECT erp.is_frozen()' },
        },
        cloud: {
          ...at,
          database: 'cloud',
          user: 'cloud_loader',
          target: { liveMark: 'purchasing.live', statementMs: 3_000, idleMs: 1_000, settlingMs: 4_000 },
        },
      },
      people,
      migrations: {
        purchasing: {
          blueprint: 'blueprint.ts',
          source: 'legacy',
          target: 'cloud',
          owners: ['olga'],
          engineers: ['emil'],
          options: { chunkRows: 250, retryFirstMs: 200, heartbeatTimeoutMs: 3_000, limiterGrantMs: 2_000 },
        },
      },
    },
    'the test’s configuration',
  );
  loaded = { config, folder };
  configFile = join(folder, 'landfall.config.mjs');
  await writeFile(configFile, `export default ${JSON.stringify(config)};\n`);
  worker = await startWorkerProcess();
});

afterAll(async () => {
  await kill(worker);
  await legacy.end();
  await target.end();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
  await rm(data, { recursive: true, force: true });
});

const client = <T>(work: (client: Client) => Promise<T>): Promise<T> => withClient(loaded, work);

async function until(run: string, reached: (now: RunStatus) => boolean): Promise<RunStatus> {
  return client(async (one) => {
    for (;;) {
      const now = await ask(one, run, status);
      if (reached(now)) return now;
      if (now.phase === 'aborted') throw new Error(`the run failed: ${JSON.stringify(now.failure)}`);
      await sleep(100);
    }
  });
}

async function countOf(table: string): Promise<number> {
  const { rows } = await target.query<{ n: string }>(`SELECT count(*) AS n FROM purchasing.${table}`);
  return Number(rows[0]?.n);
}

/** Waits until some rows of a table are there and not all, and ends the worker in the middle of its work. */
async function killWhileLoading(table: string, most: number): Promise<number> {
  for (;;) {
    const n = await countOf(table);
    if (n >= most) throw new Error(`${table} was loaded before the worker could be killed`);
    if (n > 0) break;
    await sleep(5);
  }
  await kill(worker);
  const there = await countOf(table);
  worker = await startWorkerProcess();
  return there;
}

async function start(run: string): Promise<void> {
  await withSystem(loaded, async (system) => {
    const { plan, problems } = await checkMigration(loaded, system, 'purchasing', 'live');
    if (!plan) throw new Error(JSON.stringify(problems));
    expect(problems).toEqual([]);
    await client((one) => startRun(loaded, system, one, { plan, run, startedBy: 'emil' }));
  });
}

function partOf(report: Report, name: string): PartReport {
  const found = report.parts.find((one) => one.part === name);
  if (!found) throw new Error(`no part ${name}`);
  return found;
}

test(
  'a database crosses into another and arrives whole, although the worker is killed in the middle of two loads',
  { timeout: 300_000 },
  async () => {
    const run = `purchasing-${randomBytes(5).toString('hex')}`;
    await start(run);
    // A table that is upserted, and one on which nothing but Landfall stops a second create.
    expect(await killWhileLoading('partner', Suppliers)).toBeLessThan(Suppliers);
    expect(await killWhileLoading('visit', Suppliers)).toBeLessThan(2 * Suppliers);

    const now = await until(run, (one) => one.phase === 'sign-off');
    const report = await withSystem(loaded, async (system) =>
      readReport(await system.staging(run), now.report?.digest ?? ''),
    );
    expect([report.verdict, ...report.reasons]).toEqual(['whole']);
    const { accounting } = partOf(report, 'supplier');
    expect(accounting).toMatchObject({ extracted: Suppliers, rejected: held.rejected, refused: held.refused });
    expect(await countOf('partner')).toBe(Suppliers - held.rejected - held.refused);

    // What hangs on a supplier that was held back waits with it; everything else is there once.
    const missing = held.rejected + held.refused;
    expect(await countOf('purchase')).toBe(Suppliers - missing);
    expect(await countOf('purchase_line')).toBe(2 * (Suppliers - missing));
    expect(await countOf('visit')).toBe(2 * (Suppliers - missing));
    const { rows: twice } = await target.query(
      'SELECT legacy_id FROM purchasing.visit GROUP BY legacy_id HAVING count(*) > 1',
    );
    expect(twice).toEqual([]);

    // References lead where they led: compared by SQL that owes the mapping nothing.
    const { rows: parents } = await target.query<{ child: string; parent: string }>(
      `SELECT c.legacy_id AS child, p.legacy_id AS parent FROM purchasing.partner c JOIN purchasing.partner p ON p.id = c.parent`,
    );
    const { rows: due } = await legacy.query<{ child: string; parent: string }>(
      `SELECT 'S-' || supplier_id AS child, 'S-' || parent_id AS parent FROM erp.supplier WHERE parent_id IS NOT NULL`,
    );
    const arrived = new Set(
      (await target.query<{ legacy_id: string }>('SELECT legacy_id FROM purchasing.partner')).rows.map(
        (one) => one.legacy_id,
      ),
    );
    const expected = due.filter((one) => arrived.has(one.child) && arrived.has(one.parent));
    const sorted = (rows: { child: string; parent: string }[]): string[] =>
      rows.map((one) => `${one.child} ${one.parent}`).toSorted();
    expect(sorted(parents)).toEqual(sorted(expected));
    const contracts = 'SELECT md5(string_agg(md5(contract), %s ORDER BY md5(contract))) AS digest FROM';
    const { rows: sent } = await legacy.query(
      `${contracts.replace('%s', `''`)} erp.supplier WHERE contract IS NOT NULL`,
    );
    const { rows: got } = await target.query(
      `${contracts.replace('%s', `''`)} purchasing.partner WHERE contract IS NOT NULL`,
    );
    expect(got).toEqual(sent);

    const key = join(folder, 'olga.key');
    const about = now.report?.digest ?? null;
    await client((one) => decide(one, { run, person: 'olga', key, action: 'sign-off', decision: 'signed', about }));
    await until(run, (one) => one.phase === 'done');
    const { rows: marks } = await target.query('SELECT run, report FROM purchasing.live');
    expect(marks).toEqual([{ run, report: now.report?.digest }]);
    await expect(legacy.query(`UPDATE erp.visit SET remark = 'late'`)).rejects.toThrow('frozen');
  },
);
