import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { LoadedConfig } from '../../cli/config.ts';
import { readStatus } from '../../cli/progress.ts';
import { checkMigration, decide, startRun, withClient, withSystem } from '../../cli/runs.ts';
import { logFrom, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';
import { madeProject } from './made-project.ts';

let landing: Landing;
let root: string;
let loaded: LoadedConfig;
let worker: RunningWorker;
const secrets = { CRM_PASSWORD: 'landfall_reader_sandbox', CLOUD_SECRET: 'sandbox-secret' };

beforeAll(async () => {
  logFrom('ERROR');
  Object.assign(process.env, secrets);
  landing = await makeLanding({ temporal: inject('temporalAddress'), size: 1_000 });
  root = await mkdtemp(join(tmpdir(), 'landfall-new-'));
  const source = `postgres://landfall_reader@127.0.0.1:${landing.postgres.port}/legacy_crm`;
  const { cloud } = landing;
  const flags = [
    '--name crm --engineer emil --owner olga',
    `--source ${source} --password-env CRM_PASSWORD --target ${cloud.url.replace('//', '//landfall@')}`,
    `--target-secret-env CLOUD_SECRET --target-token-url ${cloud.tokenUrl}`,
  ];
  const temporal = inject('temporalAddress');
  ({ loaded, worker } = await madeProject({ root, folder: 'crm', flags, temporal }, secrets));
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
  await rm(root, { recursive: true, force: true });
});

test('a proposal that nobody has touched is rehearsed to a report that its owner can sign', async () => {
  const run = `crm-${process.pid}`;
  await withSystem(loaded, async (system) => {
    const { plan, problems } = await checkMigration(loaded, system, 'crm', 'rehearsal');
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
    const key = join(loaded.folder, 'keys', 'olga.key');
    const about = now.report?.digest ?? null;
    await decide(client, { run, person: 'olga', key, action: 'sign-off', decision: 'signed', about });
  });
  const rows = await landing.target<{ n: string }>(
    'SELECT count(*) AS n FROM accounts WHERE parentaccountid IS NOT NULL',
  );
  expect(Number(rows[0]?.n)).toBeGreaterThan(0);
});
