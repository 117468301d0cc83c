import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { LoadedConfig } from '../../cli/config.ts';
import { readStatus } from '../../cli/progress.ts';
import { checkMigration, startRun, withClient, withSystem } from '../../cli/runs.ts';
import { logFrom, type RunningWorker } from '../../worker/worker.ts';
import { makeDatabases, type Databases } from '../cli/two-databases.ts';
import { madeProject } from './made-project.ts';

let databases: Databases;
let root: string;
let loaded: LoadedConfig;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  databases = await makeDatabases();
  root = await mkdtemp(join(tmpdir(), 'landfall-new-pg-'));
  const flags = [
    '--name moved --engineer emil --owner olga',
    `--source ${databases.source} --target ${databases.same}`,
  ];
  ({ loaded, worker } = await madeProject({ root, folder: 'moved', flags, temporal: inject('temporalAddress') }));
});

afterAll(async () => {
  await worker.stop();
  await databases.close();
  await rm(root, { recursive: true, force: true });
});

test('a proposal from one database for another that has the same tables is rehearsed to a whole report', async () => {
  const run = `moved-${process.pid}`;
  await withSystem(loaded, async (system) => {
    const { plan, problems } = await checkMigration(loaded, system, 'moved', 'rehearsal');
    expect(problems.filter((one) => one.severity === 'error')).toEqual([]);
    if (plan) await withClient(loaded, (client) => startRun(loaded, system, client, { plan, run, startedBy: 'emil' }));
  });
  await withClient(loaded, async (client) => {
    let now = await readStatus(client, run);
    while (now.waiting === null && now.phase !== 'aborted') {
      await new Promise((next) => setTimeout(next, 100));
      now = await readStatus(client, run);
    }
    expect(now).toMatchObject({ phase: 'sign-off', report: { verdict: 'whole' }, waiting: { who: ['olga'] } });
  });
  for (const table of ['customer', 'invoice']) {
    const digest = `SELECT count(*) AS n, md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS digest FROM ${table} t`;
    expect(await databases.ask('same', digest)).toEqual(await databases.ask('source', digest));
  }
});
