import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../cli/config.ts';
import { readStatus } from '../../cli/progress.ts';
import { checkMigration, startRun, withClient, withSystem } from '../../cli/runs.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { install, landfallIn } from '../cli/new-project.ts';
import { makeDatabases, type Databases } from '../cli/two-databases.ts';

let databases: Databases;
let root: string;
let loaded: LoadedConfig;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  databases = await makeDatabases();
  root = await mkdtemp(join(tmpdir(), 'landfall-new-pg-'));
  const args = [
    'init moved --name moved --engineer emil --owner olga',
    `--source ${databases.source} --target ${databases.same}`,
  ].flatMap((line) => line.split(' '));
  const said = await landfallIn(root, args);
  if (said.code !== 0) throw new Error(said.err);
  const folder = join(root, 'moved');
  await install(folder);
  const file = join(folder, 'landfall.config.ts');
  const config = await readFile(file, 'utf8');
  const temporal = `address: '${inject('temporalAddress')}', taskQueue: 'init-pg-${process.pid}'`;
  await writeFile(file, config.replace(`address: '127.0.0.1:7233'`, temporal));
  loaded = await loadConfig(file);
  worker = await startWorker(loaded.config, loaded.folder);
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
