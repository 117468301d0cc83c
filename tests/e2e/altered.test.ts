import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { decide, withClient } from '../../cli/runs.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact'],
    size: 600,
    options: { chunkRows: 5_000 },
    // Everything waits at the gate when it is staged and nothing is loaded yet.
    variant: `{ ...entity, rejectLimit: entity.name === 'organisation' ? 0 : 1 }`,
  });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
});

const staging = (): string => join(landing.loaded.folder, landing.loaded.config.staging.folder);

/** The rows of contacts that a run's transform staged. */
async function stagedContacts(run: string): Promise<string> {
  for (const entry of await readdir(staging(), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (path.includes(run) && path.includes('/contact/transform/') && /-rows-\w+\.parquet$/.test(path)) return path;
  }
  throw new Error('no staged contacts');
}

/** One bit in the middle of a file is another. */
async function alter(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  await rm(path);
  await writeFile(path, bytes);
}

test.each([
  ['altered in one bit', 'staging.altered', alter],
  ['cut short', 'staging.altered', async (path: string) => truncate(path, (await stat(path)).size - 1)],
  ['gone', 'staging.gone', (path: string) => rm(path)],
])('a run whose staged rows were %s stops before it loads them, and says which file', async (_, code, harm) => {
  const run = await landing.start({ mode: 'rehearsal' });
  await landing.until(run, (now) => now.waiting?.on === 'quality-gate');
  const path = await stagedContacts(run);
  await harm(path);

  const key = join(landing.loaded.folder, 'emil.key');
  const asked = { run, person: 'emil', key, action: 'quality-gate', decision: 'load', about: null } as const;
  await withClient(landing.loaded, (client) => decide(client, asked));
  const ended = await landing.until(run, (now) => now.phase === 'aborted').catch(() => landing.status(run));
  expect(ended).toMatchObject({
    phase: 'aborted',
    failure: { code, where: { path: relative(staging(), path) }, hint: expect.stringContaining('Restore it') },
  });
  const [row] = await landing.target<{ n: string }>('SELECT count(*) AS n FROM contacts');
  expect(Number(row?.n)).toBe(0);
});
