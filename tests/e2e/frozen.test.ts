import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let workers: RunningWorker[];

const someWork = `UPDATE crm.organisation SET name = name WHERE org_id = 1000`;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact'],
    size: 1_000,
    options: { chunkRows: 150 },
    variant: `{ ...entity, consistency: 'frozen' }`,
  });
  // One worker beside the legacy database, which is all that it can reach, and one for everything else.
  const { config, folder } = landing.loaded;
  const serve = (...only: string[]): Promise<RunningWorker> => startWorker(config, folder, { only });
  workers = [await serve('source/legacyCrm'), await serve('core', 'target/cloudCrm')];
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await landing.close();
});

test('a rehearsal that reads a frozen source lets people work again as soon as it has read', async () => {
  const run = await landing.start({ mode: 'rehearsal' });
  await landing.until(run, (now) => now.phase === 'extract');
  await expect(landing.legacy(someWork)).rejects.toThrow('read only');
  await landing.until(run, (now) => now.phase === 'load');
  await expect(landing.legacy(someWork)).resolves.toEqual([]);
  await landing.until(run, (now) => now.phase === 'sign-off');
  const report = await landing.report(run);
  expect(report.verdict).toBe('whole');
  // One position for everything: nothing could change.
  expect(report.source.positions).toHaveLength(1);
  expect(report.source.positions[0]).toMatch(/^snapshot \d+/);
  await landing.sign(run);
  await landing.until(run, (now) => now.phase === 'done');
});

test('a live run keeps the source frozen; refused, it gives the source back', async () => {
  const run = await landing.start({ mode: 'live' });
  await landing.until(run, (now) => now.phase === 'sign-off');
  await expect(landing.legacy(someWork)).rejects.toThrow('read only');
  await landing.sign(run, { decision: 'refused' });
  await landing.until(run, (now) => now.phase === 'done');
  await expect(landing.legacy(someWork)).resolves.toEqual([]);
});

test('a source that was let write again while it was read ends the run', async () => {
  const run = await landing.start({ mode: 'live' });
  await landing.until(run, (now) => now.phase === 'extract');
  await landing.legacy(`SELECT crm.set_read_only(false)`);
  const ended = await landing.until(run, (now) => now.phase === 'transform').catch(() => landing.status(run));
  expect(ended).toMatchObject({ phase: 'aborted', failure: { code: 'source.not-frozen' } });
});

test('a live run that was signed switches, and the source stays frozen', async () => {
  const run = await landing.start({ mode: 'live' });
  await landing.until(run, (now) => now.phase === 'sign-off');
  // The target holds what earlier runs brought, activities included, of which it would take any number.
  expect((await landing.report(run)).verdict).toBe('whole');
  await landing.sign(run);
  await landing.until(run, (now) => now.phase === 'done');
  await expect(landing.legacy(someWork)).rejects.toThrow('read only');
});
