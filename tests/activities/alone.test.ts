import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimMigration } from '../../activities/alone.ts';
import type { RunMode } from '../../model/plan.ts';
import { folderStore } from '../../staging/folder-store.ts';
import type { Store } from '../../staging/store.ts';
import { temporaryFolder } from '../staging/open-staging.ts';

/** Runs of one migration, each with a staging of its own over one folder, as workers have it. */
async function runs(): Promise<{
  folder: string;
  open: Set<string>;
  claim(run: string, mode: RunMode, store?: Store): Promise<string>;
}> {
  const folder = await temporaryFolder();
  const open = new Set<string>();
  return {
    folder,
    open,
    async claim(run, mode, store = folderStore(folder)) {
      open.add(run);
      const plan = { migration: 'crm', mode };
      return claimMigration(store, plan, run, (one) => Promise.resolve(open.has(one))).then(
        () => 'goes on',
        (error: { code: string; where?: { run?: string } }) => `${error.code} ${error.where?.run ?? ''}`,
      );
    },
  };
}

test('of many live runs that start at the same moment exactly one goes on, and the others name one that was before them', async () => {
  const { claim } = await runs();
  const names = Array.from({ length: 12 }, (_, n) => `crm-${n}`);
  const outcomes = await Promise.all(names.map((name) => claim(name, 'live')));
  expect(outcomes.filter((one) => one === 'goes on')).toHaveLength(1);
  expect(outcomes.filter((one) => /^run\.another crm-\d+$/.test(one))).toHaveLength(11);
});

test('rehearsals go on side by side, none beside a live run, and no live run beside a rehearsal', async () => {
  const { claim, open } = await runs();
  expect(await Promise.all([claim('r1', 'rehearsal'), claim('r2', 'rehearsal')])).toEqual(['goes on', 'goes on']);
  expect(await claim('l1', 'live')).toMatch(/^run\.another r[12]$/);
  open.clear();
  expect(await claim('l2', 'live')).toBe('goes on');
  expect(await claim('r3', 'rehearsal')).toBe('run.another l2');
});

test('a run whose step was cut off goes on when it is tried again, and one that has ended is in nobody’s way', async () => {
  const { claim, open, folder } = await runs();
  const dying: Store = {
    ...folderStore(folder),
    async put(path, bytes) {
      await folderStore(folder).put(path, bytes);
      throw new Error('killed after it took its number');
    },
  };
  await claim('l1', 'live', dying);
  expect(await claim('l1', 'live')).toBe('goes on');
  expect(await claim('l1', 'live')).toBe('goes on');
  expect(await claim('l2', 'live')).toBe('run.another l1');
  open.delete('l1');
  // What was refused is not taken for a claim of its own once it has ended either.
  open.delete('l2');
  expect(await claim('l3', 'live')).toBe('goes on');
});

test('numbers that are gone or damaged do not make two runs of one', async () => {
  const { claim, folder } = await runs();
  for (const run of ['r1', 'r2', 'r3']) await claim(run, 'rehearsal');
  const [, second = '', third = ''] = (await readdir(join(folder, 'migrations/crm/runs'))).toSorted();
  await rm(join(folder, 'migrations/crm/runs', second));
  expect(await claim('l1', 'live')).toMatch(/^run\.another r[13]$/);
  await writeFile(join(folder, 'migrations/crm/runs', third), 'half a docum');
  expect(await claim('l2', 'live')).toMatch('staging.altered');
});
