import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { withSystem } from '../../cli/runs.ts';
import { Phase, type RunStatus } from '../../model/run.ts';
import { readEvidence } from '../../staging/evidence.ts';
import { makeLanding, type Landing } from './landing.ts';

const Hour = 3_600_000;
let landing: Landing;
let worker: ChildProcess;
let clock: string;

/** Sets the worker's clock. */
const set = (offset: number): void => writeFileSync(clock, String(offset));

beforeAll(async () => {
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact'],
    size: 300,
    options: { chunkRows: 100, targetRequestsPerMinute: 60_000 },
    variant: '{ ...entity, rejectLimit: 1 }',
  });
  clock = join(landing.loaded.folder, 'clock');
  set(0);
  const preload = new URL('shifted-clock.ts', import.meta.url).href;
  worker = spawn(process.execPath, ['--import', preload, 'cli/main.ts', '-c', landing.configFile, 'worker'], {
    stdio: 'ignore',
    env: { ...process.env, LANDFALL_TEST_CLOCK: clock },
  });
});

afterAll(async () => {
  const gone = once(worker, 'exit');
  worker.kill('SIGKILL');
  await gone;
  await landing.close();
});

test('a run whose worker’s clock jumps to and fro goes on, and ends whole', { timeout: 240_000 }, async () => {
  const run = await landing.start();
  const past = (phase: Phase): Promise<RunStatus> =>
    landing.until(run, (now) => Phase.options.indexOf(now.phase) >= Phase.options.indexOf(phase));
  await past('extract');
  set(7 * Hour);
  await past('transform');
  set(0);
  // Set back by a day in the middle of the load, while requests wait for their turn and the target asks for patience.
  await past('load');
  landing.cloud.setFaults({
    seed: 1,
    rules: [{ on: 'batch', kind: 'throttle', amount: 1, times: 2, probability: 1, after: 0 }],
  });
  set(-24 * Hour);
  await past('reconcile');
  set(24 * Hour);
  await landing.until(run, (now) => now.phase === 'sign-off' && now.waiting !== null);
  const report = await landing.report(run);
  expect([report.verdict, ...report.reasons]).toEqual(['whole']);

  // By a clock that is wrong no signature is judged: the owner hears of it, and nothing is signed.
  await expect(landing.sign(run)).rejects.toMatchObject({
    cause: { message: expect.stringMatching(/decision\.signature.*a clock that is right/s) },
  });
  expect((await landing.status(run)).signed).toBeNull();
  set(0);
  await expect.poll(() => landing.sign(run).then(() => 'signed', String)).toBe('signed');
  await past('done');
  const evidence = await withSystem(landing.loaded, async (system) => readEvidence(await system.staging(run)));
  expect(evidence.map((one) => one.kind)).toEqual(['sign-off', 'switched']);
});
