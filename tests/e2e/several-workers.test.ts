import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { withClient } from '../../cli/runs.ts';
import { makeLanding, type Landing } from './landing.ts';

const Chunks = 8;

let landing: Landing;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    size: 300,
    only: ['organisation', 'contact', 'activity'],
    variant: '{ ...entity, rejectLimit: 1 }',
    options: { chunkFanOut: Chunks, targetConcurrency: 2 },
    // So slow that all chunks of a load are begun before any of them has ended.
    limits: { fixedLatencyMs: 500 },
  });
});

afterAll(async () => {
  for (const one of workers) one.kill('SIGKILL');
  await landing.close();
});

const milliseconds = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;

/** The most chunks that each worker had begun and not ended at one time, in an entity's way through a step. */
async function mostAtOnce(workflow: string): Promise<Map<string, number>> {
  const { events } = await withClient(landing.loaded, (client) => client.workflow.getHandle(workflow).fetchHistory());
  const begun = new Map<string, { worker: string; from: number }>();
  const done: { worker: string; from: number; to: number }[] = [];
  for (const { eventId, eventTime, ...event } of events ?? []) {
    const worker = event.activityTaskStartedEventAttributes?.identity;
    if (worker) begun.set(String(eventId), { worker, from: milliseconds(eventTime) });
    const one = begun.get(String(event.activityTaskCompletedEventAttributes?.startedEventId));
    if (one) done.push({ ...one, to: milliseconds(eventTime) });
  }
  const most = new Map<string, number>();
  for (const { worker, from } of done) {
    const beside = done.filter((one) => one.worker === worker && one.from <= from && one.to > from);
    most.set(worker, Math.max(most.get(worker) ?? 0, beside.length));
  }
  return most;
}

test('chunks wait at the server for whichever worker is free, and not within one', { timeout: 120_000 }, async () => {
  const [counted] = await landing.legacy<{ n: string }>('SELECT count(*) AS n FROM crm.organisation');
  const { crm } = landing.loaded.config.migrations;
  if (crm) crm.options = { ...crm.options, chunkRows: Math.ceil(Number(counted?.n) / Chunks) };
  for (let i = 0; i < 2; i += 1) {
    workers.push(spawn(process.execPath, ['cli/main.ts', '-c', landing.configFile, 'worker'], { stdio: 'ignore' }));
  }
  const run = await landing.start({ mode: 'rehearsal' });
  await landing.until(run, (now) => now.phase === 'load');
  const load = `${run}/organisation/load`;
  const ended = (): Promise<string> =>
    withClient(landing.loaded, async (client) => (await client.workflow.getHandle(load).describe()).status.name);
  await expect.poll(ended, { timeout: 60_000, interval: 500 }).toBe('COMPLETED');
  const most = await mostAtOnce(load);
  const { rowSlots } = landing.loaded.config.worker;
  expect([...most.values()]).toEqual([rowSlots + 1, rowSlots + 1]);
});
