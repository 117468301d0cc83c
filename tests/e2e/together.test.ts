import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { withClient } from '../../cli/runs.ts';
import type { RunMode } from '../../model/plan.ts';
import type { RunStatus } from '../../model/run.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({ temporal: inject('temporalAddress'), only: ['organisation', 'contact'], size: 300 });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
});

/** Until a run has been stopped, or reads the source. */
const decided = (run: string): Promise<RunStatus> =>
  landing.until(run, (now) => now.phase !== 'assess').catch(() => landing.status(run));
const end = (run: string): Promise<unknown> =>
  withClient(landing.loaded, (client) => client.workflow.getHandle(run).terminate());

test.each<[string, RunMode]>([
  ['two live runs', 'live'],
  ['a live run and a rehearsal', 'rehearsal'],
])('of %s that start in the same moment one stops before it has read a row, and names the other', async (_, mode) => {
  const both = await Promise.all([landing.start({ mode: 'live' }), landing.start({ mode })]);
  const now = await Promise.all(both.map(decided));
  const [stopped, ...others] = now.filter((one) => one.phase === 'aborted');
  const going = now.find((one) => one.phase !== 'aborted');
  expect(others).toEqual([]);
  expect(stopped?.failure).toMatchObject({
    code: 'run.another',
    where: { migration: 'crm', run: going?.run },
    hint: expect.stringContaining(`landfall abort ${going?.run}`),
  });
  expect(stopped?.totals.extracted).toBe(0);

  // Whoever ends the other, also in the Temporal UI and without a word to anybody, makes way for the next.
  await end(going?.run ?? '');
  const next = await decided(await landing.start({ mode: 'live' }));
  expect(next.phase).not.toBe('aborted');
  await end(next.run);
});
