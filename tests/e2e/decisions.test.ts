import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { decide, withClient, withSystem } from '../../cli/runs.ts';
import { readEvidence } from '../../staging/evidence.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({ temporal: inject('temporalAddress'), size: 2_000, options: { chunkRows: 60 } });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
}, 60_000);

afterAll(async () => {
  await worker.stop();
  await landing.close();
}, 60_000);

const say = (run: string, action: 'pause' | 'resume' | 'abort', person = 'emil'): Promise<unknown> => {
  const key = join(landing.loaded.folder, `${person}.key`);
  return withClient(landing.loaded, (client) =>
    decide(client, { run, person, key, action, decision: action, about: null }),
  );
};

test(
  'a run pauses, goes on and is aborted by engineers alone, and every decision is evidence',
  { timeout: 90_000 },
  async () => {
    const run = await landing.start({ mode: 'rehearsal' });
    await landing.until(run, (now) => now.phase === 'extract');
    await expect(say(run, 'pause', 'olga')).rejects.toMatchObject({
      cause: { message: expect.stringContaining('decision.role') },
    });
    await say(run, 'pause');
    await expect(say(run, 'pause')).rejects.toThrow('Update');
    const paused = await landing.until(run, (now) => now.paused);
    await new Promise((next) => setTimeout(next, 3_000));
    const later = await landing.status(run);
    expect(later.phase).toBe(paused.phase);

    await say(run, 'resume');
    await landing.until(run, (now) => now.phase === 'load');
    await say(run, 'abort');
    const ended = await landing.until(run, (now) => now.phase === 'aborted').catch(() => landing.status(run));
    expect(ended).toMatchObject({ phase: 'aborted', failure: { code: 'aborted' } });

    const log = await withSystem(landing.loaded, async (system) => readEvidence(await system.staging(run)));
    expect(log.map((record) => [record.kind, record.by])).toEqual([
      ['pause', 'emil'],
      ['resume', 'emil'],
      ['abort', 'emil'],
    ]);
  },
);
