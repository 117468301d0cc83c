import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask } from '../cli/ask.ts';
import type { LoadedConfig } from '../cli/config.ts';
import { checkMigration, startRun, withClient, withSystem } from '../cli/runs.ts';
import type { RunStatus } from '../model/run.ts';
import { provideTemporal } from '../sandbox/temporal.ts';
import { status } from '../workflows/messages.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { endWithBench } from './leftovers.ts';
import { node } from './node.ts';

/** What runs of the migration `ledger` take: a Temporal server, workers, a configuration. */
export interface Runs {
  loaded: LoadedConfig;
  configFile: string;
  /** What a reader has to know of the Temporal server. */
  temporal: string;
  /** A worker as a process of its own. */
  startWorker(): ChildProcess;
  /** A worker that has begun to ask for work. */
  readyWorker(): Promise<ChildProcess>;
  /** Makes a plan and starts a run. @returns when it was started, by `performance.now()` */
  start(run: string): Promise<number>;
  /** @throws Error when the run fails instead */
  until(run: string, reached: (now: RunStatus) => boolean, pollMs?: number): Promise<RunStatus>;
  /** Ends the workers and the server. */
  close(): Promise<void>;
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

const PollMs = 25;
const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** The command `landfall` as it is installed: a checkout's own bundles its workflows when a worker starts. */
export function landfall(configFile: string, ...args: string[]): string[] {
  return [...node(), command, '-c', configFile, ...args];
}

/** @param configure gives the configuration, once it is known where Temporal is */
export async function openRuns(
  folder: string,
  log: (line: string) => void,
  configure: (temporal: { address: string; taskQueue: string }) => LoadedConfig,
): Promise<Runs> {
  const server = await provideTemporal({ log, searchAttributes });
  const loaded = configure({ address: server.address, taskQueue: `bench-${process.pid}-${Date.now()}` });
  const configFile = join(folder, 'landfall.config.mjs');
  await writeFile(configFile, `export default ${JSON.stringify(loaded.config)};\n`);
  const workers: ChildProcess[] = [];
  const startWorker = (): ChildProcess => {
    const [program = '', ...args] = landfall(configFile, 'worker');
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    endWithBench(child);
    workers.push(child);
    child.stdout.resume();
    return child;
  };
  return {
    loaded,
    configFile,
    temporal: server.owned
      ? 'a development server of Temporal, started with 1,000 polls a second of its transfer and timer queues'
      : 'the server that TEMPORAL_ADDRESS names, whose polling settings are its own',
    startWorker,
    async readyWorker() {
      const child = startWorker();
      if (child.stdout)
        for await (const line of createInterface(child.stdout)) if (line.startsWith('Working on')) break;
      child.stdout?.resume();
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
    until: (run, reached, pollMs = PollMs) =>
      withClient(loaded, async (client) => {
        for (;;) {
          // The run alone: what else is asked costs the worker that is measured.
          const now = await ask(client, run, status);
          if (reached(now)) return now;
          if (now.phase === 'aborted') throw new Error(`the run failed: ${JSON.stringify(now.failure)}`);
          await sleep(pollMs);
        }
      }),
    async close() {
      for (const worker of workers) await end(worker, 'SIGTERM');
      await server.stop();
    },
  };
}
