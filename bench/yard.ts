import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeKeyPair } from '../cli/people.ts';
import type { RunOptions } from '../model/options.ts';
import type { Limits } from '../sandbox/cloud-crm/limits.ts';
import { emptyCloud, type EmptyCloud } from './cloud.ts';
import type { Bench } from './measure.ts';
import { ledgerConfig } from './ours/ledger.ts';
import { openRuns, type Runs } from './runs.ts';

/** Everything that a run over a ledger takes: a Temporal server, an empty cloud CRM, a configuration. */
export interface Yard extends EmptyCloud, Runs {
  ledger: string;
  /** Empties the target. */
  empty(): Promise<void>;
}

/** @param of.rows of the ledger */
export async function openYard(
  bench: Bench,
  of: { rows: number; options?: Partial<RunOptions>; limits?: Partial<Limits> },
): Promise<Yard> {
  const database = await bench.database();
  const ledger = await database.ledger(of.rows);
  const folder = join(bench.folder, 'yard');
  await mkdir(folder, { recursive: true });
  const cloud = await emptyCloud(database, { folder, ...(of.limits ? { limits: of.limits } : {}) });
  const runs = await openRuns(folder, bench.log, (temporal) =>
    ledgerConfig(
      { port: database.server.port, database: ledger, folder },
      {
        temporal,
        target: cloud.settings,
        publicKey: makeKeyPair().publicKey,
        ...(of.options ? { options: of.options } : {}),
      },
    ),
  );
  return {
    ...cloud,
    ...runs,
    ledger,
    empty: async () => void (await database.run(cloud.database, 'TRUNCATE invoices CASCADE')),
    async close() {
      await runs.close();
      await cloud.cloud.stop();
    },
  };
}
