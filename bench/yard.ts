import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedConfig } from '../cli/config.ts';
import { makeKeyPair } from '../cli/people.ts';
import { readStatus } from '../cli/progress.ts';
import { checkMigration, startRun, withClient, withSystem } from '../cli/runs.ts';
import type { RunOptions } from '../model/options.ts';
import type { RunStatus } from '../model/run.ts';
import { provideTemporal } from '../sandbox/temporal.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { emptyCloud, type EmptyCloud } from './cloud.ts';
import { endWithBench } from './leftovers.ts';
import type { Bench } from './measure.ts';
import { ledgerConfig } from './ours/ledger.ts';

/** Everything that a run over a ledger takes: a Temporal server, an empty cloud CRM, a configuration. */
export interface Yard extends EmptyCloud {
  loaded: LoadedConfig;
  configFile: string;
  ledger: string;
  /** What a reader has to know of the Temporal server. */
  temporal: string;
  /** A worker as a process of its own, ready when its first workflow could be. */
  startWorker(): ChildProcess;
  /** Makes a plan and starts a run. @returns when it was started, by `performance.now()` */
  start(run: string): Promise<number>;
  /** @throws Error when the run fails instead */
  until(run: string, reached: (now: RunStatus) => boolean): Promise<RunStatus>;
  /** Empties the target. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

const PollMs = 25;

/** @param of.rows of the ledger */
export async function openYard(bench: Bench, of: { rows: number; options?: Partial<RunOptions> }): Promise<Yard> {
  const database = await bench.database();
  const ledger = await database.ledger(of.rows);
  const folder = join(bench.folder, 'yard');
  await mkdir(folder, { recursive: true });
  const server = await provideTemporal({ log: bench.log, searchAttributes });
  const empty = await emptyCloud(database, { folder });
  const loaded = ledgerConfig(
    { port: database.server.port, database: ledger, folder },
    {
      temporal: { address: server.address, taskQueue: `bench-${process.pid}-${Date.now()}` },
      target: empty.settings,
      publicKey: makeKeyPair().publicKey,
      ...(of.options ? { options: of.options } : {}),
    },
  );
  const configFile = join(folder, 'landfall.config.mjs');
  await writeFile(configFile, `export default ${JSON.stringify(loaded.config)};\n`);
  const command = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
  const workers: ChildProcess[] = [];
  return {
    ...empty,
    loaded,
    configFile,
    ledger,
    temporal: server.owned
      ? 'a development server of Temporal, started with 1,000 polls a second of its transfer and timer queues'
      : 'the server that TEMPORAL_ADDRESS names, whose polling settings are its own',
    startWorker() {
      const child = spawn(process.execPath, [command, '-c', configFile, 'worker'], { stdio: 'ignore' });
      endWithBench(child);
      workers.push(child);
      return child;
    },
    start: (run) =>
      withSystem(loaded, async (system) => {
        const { plan, problems } = await checkMigration(loaded, system, 'ledger', 'rehearsal');
        if (!plan) throw new Error(JSON.stringify(problems));
        const started = performance.now();
        await withClient(loaded, (client) => startRun(loaded, system, client, { plan, run, startedBy: 'emil' }));
        return started;
      }),
    until: (run, reached) =>
      withClient(loaded, async (client) => {
        for (;;) {
          const now = await readStatus(client, run);
          if (reached(now)) return now;
          if (now.phase === 'aborted') throw new Error(`the run failed: ${JSON.stringify(now.failure)}`);
          await sleep(PollMs);
        }
      }),
    empty: async () => void (await database.run(empty.database, 'TRUNCATE invoices CASCADE')),
    async close() {
      for (const worker of workers) await end(worker, 'SIGTERM');
      await empty.cloud.stop();
      await server.stop();
    },
  };
}
