import type * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { withRetrying } from '../../cli/retrying.ts';
import { withClient } from '../../cli/runs.ts';
import type { Retrying } from '../../model/run.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

/** A disk with no space left: what is written to staging breaks off in the middle, as the system's own calls say it. */
const disk = vi.hoisted(() => ({ full: false, refused: 0 }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  const refuse = (): never => {
    disk.refused += 1;
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  return {
    ...real,
    async copyFile(from: string, to: string): Promise<void> {
      if (!disk.full || !to.includes('/.tmp/')) return real.copyFile(from, to);
      const bytes = await real.readFile(from);
      await real.writeFile(to, bytes.subarray(0, bytes.length >> 1));
      refuse();
    },
    async open(...given: Parameters<typeof fs.open>): ReturnType<typeof fs.open> {
      return disk.full && given[1] === 'wx' ? refuse() : real.open(...given);
    },
  };
});

let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact', 'activity'],
    size: 300,
    options: { chunkRows: 50, retryLongestMs: 500 },
    variant: '{ ...entity, rejectLimit: 1 }',
  });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
});

afterAll(async () => {
  disk.full = false;
  await worker.stop();
  await landing.close();
});

const retried = (run: string): Promise<Retrying[]> =>
  withClient(landing.loaded, async (client) => (await withRetrying(client, await landing.status(run))).retrying ?? []);

test(
  'a run whose disk is full waits and says where and what for, and ends whole once there is space',
  { timeout: 240_000 },
  async () => {
    const folder = join(landing.loaded.folder, landing.loaded.config.staging.folder);
    const run = await landing.start({ mode: 'rehearsal' });
    const fill = async (): Promise<void> => {
      disk.refused = 0;
      disk.full = true;
      await expect
        .poll(() => retried(run), { interval: 200 })
        .toContainEqual({
          step: expect.stringMatching(/\w/),
          workflow: expect.stringContaining(run),
          tries: expect.any(Number),
          failure: expect.objectContaining({
            code: 'staging.full',
            where: { folder, path: expect.stringContaining(`runs/${run}/`) },
            hint: expect.stringContaining('Free space'),
          }),
        });
      expect(disk.refused).toBeGreaterThan(0);
      expect((await landing.status(run)).phase).not.toBe('aborted');
      disk.full = false;
    };
    await landing.until(run, (now) => now.entities.some((one) => one.chunksDone > 0));
    await fill();
    await landing.until(run, (now) => now.phase === 'load');
    await fill();
    await landing.until(run, (now) => now.phase === 'sign-off' && now.waiting !== null);
    const report = await landing.report(run);
    expect([report.verdict, ...report.reasons]).toEqual(['whole']);
    expect(report.parts.find((one) => one.part === 'activity')?.duplicates).toBe(0);
  },
);
