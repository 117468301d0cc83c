import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createDuckBudget, type DuckBudget } from '../../staging/duckdb/budget.ts';
import { folderStore } from '../../staging/folder-store.ts';
import { openStaging, type Staging } from '../../staging/index.ts';

export const masterKey = Buffer.alloc(32, 7);

/** A folder that is gone when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-staging-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** One worker's staging of a run in a folder of its own, gone when the test ends. */
export async function staged(
  options: {
    folder?: string;
    run?: string;
    masterKey?: Uint8Array;
    budget?: Partial<Parameters<typeof createDuckBudget>[0]>;
  } = {},
): Promise<Staging & { folder: string; budget: DuckBudget }> {
  const folder = options.folder ?? (await temporaryFolder());
  const staging = await openStaging({
    run: options.run ?? 'crm-rehearsal-1',
    store: folderStore(join(folder, 'store')),
    masterKey: options.masterKey ?? masterKey,
    budget: createDuckBudget({ memoryBytes: 256 << 20, threads: 2, slots: 1, ...options.budget }),
    scratch: join(folder, 'scratch'),
  });
  return { ...staging, folder: join(folder, 'store') };
}
