import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { withRetrying } from '../../cli/retrying.ts';
import { decide, withClient } from '../../cli/runs.ts';
import type { Config } from '../../model/config.ts';
import type { Retrying } from '../../model/run.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let core: RunningWorker;
let beside: ChildProcess | null = null;
let run: string;

/** A worker beside the legacy system, which is all that it serves, in the place of the one before. */
async function workBeside(change: (config: Config) => void = () => {}): Promise<void> {
  await dismiss();
  const config = structuredClone(landing.loaded.config);
  change(config);
  const file = join(landing.loaded.folder, 'beside.config.mjs');
  await writeFile(file, `export default ${JSON.stringify(config)};\n`);
  const only = ['source/legacyCrm', 'target/cloudCrm'];
  beside = spawn(process.execPath, ['cli/main.ts', '-c', file, 'worker', '--only', ...only], { stdio: 'ignore' });
}

async function dismiss(): Promise<void> {
  if (!beside) return;
  const gone = once(beside, 'exit');
  beside.kill('SIGKILL');
  await gone;
  beside = null;
}

/** Why steps of the run are tried again, once one is for a reason that was not there before. */
async function told(code: string): Promise<Retrying['failure'] | undefined> {
  const look = (): Promise<Retrying['failure'] | undefined> =>
    withClient(landing.loaded, async (client) => {
      const { retrying = [] } = await withRetrying(client, await landing.status(run));
      return retrying.map((one) => one.failure).find((one) => one.code === code);
    });
  await expect.poll(look, { interval: 200 }).toBeDefined();
  return look();
}

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact'],
    size: 300,
    options: { retryLongestMs: 500 },
    variant: `{ ...entity, rejectLimit: entity.name === 'organisation' ? 0 : 1 }`,
  });
  core = await startWorker(landing.loaded.config, landing.loaded.folder, { only: ['core'] });
  run = await landing.start({ mode: 'rehearsal' });
});

afterAll(async () => {
  await dismiss();
  await core.stop();
  await landing.close();
});

test('a worker that has another staging than the run is named with it, and ends nothing', async () => {
  const elsewhere = join(landing.loaded.folder, 'elsewhere');
  await workBeside((config) => void (config.staging.folder = elsewhere));
  expect(await told('plan.unknown')).toMatchObject({
    where: { run, staging: elsewhere },
    hint: expect.stringContaining('staging.folder'),
  });
});

test('a worker that has another master key is named with it, and ends nothing', async () => {
  await writeFile(join(landing.loaded.folder, 'other.key'), randomBytes(32).toString('base64'));
  await workBeside((config) => void (config.staging.masterKey = { file: 'other.key' }));
  expect(await told('staging.master-key')).toMatchObject({
    where: { run },
    hint: expect.stringContaining('staging.masterKey'),
  });
});

test('a worker that was not given a password is named with it, and ends nothing', async () => {
  const nowhere = join(landing.loaded.folder, 'nowhere.password');
  await workBeside(
    (config) => void Object.assign(config.connections['legacyCrm'] ?? {}, { password: { file: nowhere } }),
  );
  expect(await told('config.secret')).toMatchObject({ where: { path: nowhere }, hint: expect.stringMatching(/\w{4}/) });
});

test('a plan that was altered is named, and the run goes on once it is restored', async () => {
  const folder = join(landing.loaded.folder, landing.loaded.config.staging.folder, 'runs', run);
  const name = (await readdir(folder)).find((one) => one.startsWith('plan-')) ?? '';
  const path = join(folder, name);
  const whole = await readFile(path);
  await dismiss();
  await rm(path);
  await writeFile(path, whole.subarray(0, whole.length - 1));
  await workBeside();
  expect(await told('plan.altered')).toMatchObject({
    where: { run, path: `runs/${run}/${name}` },
    hint: expect.stringContaining('Restore'),
  });
  await rm(path);
  await writeFile(path, whole);
  await landing.until(run, (now) => now.waiting?.on === 'quality-gate');
});

test('a blueprint that is edited while a run is open changes nothing of that run', async () => {
  const { blueprint = '' } = landing.loaded.config.migrations['crm'] ?? {};
  await writeFile(blueprint, 'this is no blueprint any more');
  // Also a worker that is started now knows nothing but the frozen plan.
  await workBeside();
  const key = join(landing.loaded.folder, 'emil.key');
  const asked = { run, person: 'emil', key, action: 'quality-gate', decision: 'load', about: null } as const;
  await withClient(landing.loaded, (client) => decide(client, asked));
  await landing.until(run, (now) => now.phase === 'sign-off' && now.waiting !== null);
  const report = await landing.report(run);
  expect([report.verdict, ...report.reasons]).toEqual(['whole']);
  await landing.sign(run);
  await landing.until(run, (now) => now.phase === 'done');
});
