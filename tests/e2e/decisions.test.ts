import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { checkMigration, decide, requireAlone, withClient, withSystem } from '../../cli/runs.ts';
import type { RunMode } from '../../model/plan.ts';
import { readEvidence } from '../../staging/evidence.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact'],
    size: 2_000,
    options: { chunkRows: 60 },
  });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
});

const say = (run: string, action: 'pause' | 'resume' | 'abort', person = 'emil'): Promise<unknown> => {
  const key = join(landing.loaded.folder, `${person}.key`);
  return withClient(landing.loaded, (client) =>
    decide(client, { run, person, key, action, decision: action, about: null }),
  );
};

test('a run pauses, goes on and is aborted by engineers alone, and every decision is evidence', async () => {
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
});

test('a live run has its migration to itself, until it has ended', async () => {
  const asking = (mode: RunMode): Promise<void> =>
    withSystem(landing.loaded, async (system) => {
      const { plan } = await checkMigration(landing.loaded, system, 'crm', mode);
      if (!plan) throw new Error('no plan');
      await withClient(landing.loaded, (client) => requireAlone(landing.loaded, client, plan));
    });
  await expect.poll(() => asking('live').then(() => 'alone')).toBe('alone');

  const rehearsal = await landing.start({ mode: 'rehearsal' });
  const another = (run: string): object => ({ code: 'run.another', where: { migration: 'crm', run } });
  await expect.poll(() => asking('live').catch((error: unknown) => error)).toMatchObject(another(rehearsal));
  await asking('rehearsal');
  await say(rehearsal, 'abort');
  await expect.poll(() => asking('live').then(() => 'alone', String)).toBe('alone');

  const live = await landing.start({ mode: 'live' });
  for (const mode of ['live', 'rehearsal'] as const) {
    await expect.poll(() => asking(mode).catch((error: unknown) => error)).toMatchObject(another(live));
  }
  // Also who ends it in the Temporal UI, without a word to anybody, is done with it.
  await withClient(landing.loaded, (client) => client.workflow.getHandle(live).terminate());
  await expect.poll(() => asking('live').then(() => 'alone', String)).toBe('alone');
});
