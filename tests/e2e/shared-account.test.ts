import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, inject, test } from 'vitest';
import { withClient } from '../../cli/runs.ts';
import type { RunOptions } from '../../model/options.ts';
import type { Limits } from '../../sandbox/cloud-crm/limits.ts';
import { limiterId } from '../../worker/shares.ts';
import type { Account } from '../../workflows/shares.ts';
import { limiterState } from '../../workflows/messages.ts';
import { makeLanding, varied, type Landing } from './landing.ts';

const command = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const landings: Landing[] = [];
let workers: ChildProcess[] = [];

afterEach(() => {
  for (const one of workers) one.kill('SIGKILL');
  workers = [];
});
afterAll(async () => {
  for (const one of landings) await one.close();
});

/** Two migrations that write other rows into one account of the cloud CRM. */
async function two(options: Partial<RunOptions>, limits: Partial<Limits>, only?: readonly string[]): Promise<Landing> {
  const landing = await makeLanding({
    temporal: inject('temporalAddress'),
    size: 400,
    limits,
    options,
    // The service may go on with a request that its client gave up, beside the next one.
    requestMs: 60_000,
  });
  landings.push(landing);
  const { migrations } = landing.loaded.config;
  const other = (one: string): string => `{ kind: 'sql', parts: ["'B-' || (", ...${one}.legacyKey.parts, ')'] }`;
  const own = await varied(join(landing.loaded.folder, 'own'), '{ ...entity, rejectLimit: 1 }', only);
  const blueprint = await varied(
    landing.loaded.folder,
    `{ ...entity, rejectLimit: 1, legacyKey: ${other('entity')},
       ...(entity.lines ? { lines: { ...entity.lines, legacyKey: ${other('entity.lines')} } } : {}) }`,
    only,
  );
  const { crm } = migrations;
  if (!crm) throw new Error('no migration crm');
  migrations['other'] = { ...crm, blueprint };
  crm.blueprint = own;
  await writeFile(landing.configFile, `export default ${JSON.stringify(landing.loaded.config)};\n`);
  return landing;
}

function hire(landing: Landing): ChildProcess {
  const child = spawn(process.execPath, [command, '-c', landing.configFile, 'worker'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  workers.push(child);
  return child;
}

/** Who holds how much of the account, again and again until told to stop. */
function watched(landing: Landing): { seen: Account[]; stop(): Promise<void> } {
  const seen: Account[] = [];
  const over = new AbortController();
  const account = `odata-v4 ${new URL(landing.cloud.url).origin} landfall`;
  const watching = withClient(landing.loaded, async (client) => {
    while (!over.signal.aborted) {
      const now = await client.workflow
        .getHandle(limiterId(account))
        .query(limiterState)
        .catch(() => null);
      if (now) seen.push(now);
      await new Promise((next) => setTimeout(next, 100));
    }
  });
  return {
    seen,
    stop() {
      over.abort();
      return watching;
    },
  };
}

/** What comes after the load reads and no more. */
async function loaded(landing: Landing, runs: readonly string[]): Promise<void> {
  await Promise.all(runs.map((run) => landing.until(run, (now) => /reconcile|sign-off/.test(now.phase))));
}

test(
  'two migrations on three workers keep within their account together, and one that dies leaves its share to the others',
  { timeout: 240_000 },
  async () => {
    // Slow enough that all of them want the account at the same time.
    // A grant that ends while its request is under way lets another in beside it, so it lasts longer than they do.
    const options = { chunkRows: 30, targetConcurrency: 3, limiterGrantMs: 6_000 };
    const landing = await two(options, { fixedLatencyMs: 250 });
    const crew = [hire(landing), hire(landing), hire(landing)];
    const watch = watched(landing);
    const runs = await Promise.all(
      ['crm', 'other'].map((migration) => landing.start({ migration, mode: 'rehearsal' })),
    );
    await Promise.all(runs.map((run) => landing.until(run, (now) => now.phase === 'load')));
    await expect.poll(() => watch.seen.at(-1)?.holders.filter((one) => one.granted > 0).length).toBe(3);
    // What checks both systems before a run asks without the gate.
    landing.cloud.measureAnew();
    const dead = watch.seen.at(-1)?.holders.map((one) => one.holder) ?? [];
    const [first] = crew;
    if (first) {
      const gone = once(first, 'exit');
      first.kill('SIGKILL');
      await gone;
    }
    await loaded(landing, runs);
    await watch.stop();

    expect(landing.cloud.stats().highestConcurrency).toBeLessThanOrEqual(3);
    const granted = watch.seen.map(({ holders }) => holders.reduce((sum, one) => sum + one.granted, 0));
    expect(Math.max(...granted)).toBeLessThanOrEqual(3);
    // With as many who want something as there are places, each had one.
    const crowded = watch.seen.filter(({ holders }) => holders.length === 3 && holders.every((one) => one.granted > 0));
    for (const { holders } of crowded) expect(holders.map((one) => one.granted)).toEqual([1, 1, 1]);
    expect(crowded.length).toBeGreaterThan(0);
    // Two of the three went on, with all that there is.
    const shared = watch.seen.filter(
      ({ holders }) =>
        holders.length === 2 &&
        holders.every((one) => dead.includes(one.holder)) &&
        holders.reduce((sum, one) => sum + one.granted, 0) === 3,
    );
    expect(shared.length).toBeGreaterThan(0);
  },
);

test(
  'two migrations on two workers send together no more a minute than their account has',
  { timeout: 240_000 },
  async () => {
    const perMinute = 240;
    const perSecond = perMinute / 60;
    // A second's burst of each worker is allowed for; more, and the service says no.
    const limits = { windowMs: 5_000, requestsPerWindow: perSecond * 8 };
    const landing = await two({ chunkRows: 20, targetConcurrency: 6, targetRequestsPerMinute: perMinute }, limits, [
      'organisation',
      'contact',
      'activity',
    ]);
    hire(landing);
    hire(landing);
    const runs = await Promise.all(
      ['crm', 'other'].map((migration) => landing.start({ migration, mode: 'rehearsal' })),
    );
    // Checks of both systems before anything is read are not counted against a minute.
    await Promise.all(runs.map((run) => landing.until(run, (now) => /transform|load/.test(now.phase))));
    const before = landing.cloud.stats();
    const began = Date.now();
    await loaded(landing, runs);
    const after = landing.cloud.stats();
    expect(after.throttled - before.throttled).toBe(0);
    expect(after.requests - before.requests).toBeGreaterThan(30);
    expect(after.requests - before.requests).toBeLessThanOrEqual(
      (perSecond / 1_000) * (Date.now() - began) + 2 * perSecond,
    );
  },
);
