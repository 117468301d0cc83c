import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker, type LogLevel } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { Config } from '../model/config.ts';
import { LandfallError } from '../model/errors.ts';
import { extensionFile } from '../staging/duckdb/extensions.ts';
import { createSystem } from './dependencies.ts';

export interface RunningWorker {
  /** Ends when the worker has been told to stop and its steps are done. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** The workflows: the bundle that the package ships, else the sources beside this file. */
function workflowsOf(): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const bundle = fileURLToPath(new URL('../workflows.bundle.js', import.meta.url));
  if (existsSync(bundle)) return { workflowBundle: { codePath: bundle } };
  return { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };
}

let installed = false;

/** Temporal's own log lines, from this level on. Once a process, before anything else of the worker. */
export function logFrom(level: LogLevel): void {
  if (installed) return;
  installed = true;
  Runtime.install({ logger: new DefaultLogger(level), shutdownSignals: [] });
}

/**
 * Starts a worker for the workflows and steps of every migration in the configuration.
 *
 * @param folder the configuration's folder, which its relative paths start from
 * @throws LandfallError `temporal.unreachable`
 */
export async function startWorker(
  config: Config,
  folder: string,
  log: (line: string) => void = () => {},
): Promise<RunningWorker> {
  await extensionFile('httpfs', log);
  await extensionFile('postgres_scanner', log);
  const system = createSystem(config, folder);
  const { address, namespace, taskQueue } = config.temporal;
  const connection = await NativeConnection.connect({ address }).catch((error: unknown) => {
    throw new LandfallError({
      code: 'temporal.unreachable',
      kind: 'transient',
      what: 'The Temporal server does not answer.',
      where: { address },
      hint: 'Start it, or mend `temporal.address` in the configuration.',
      cause: error,
    });
  });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    ...workflowsOf(),
    activities: createActivities(system),
    // Steps wait for DuckDB's slots inside; beyond these, a few may hold leases, wait, or talk to people.
    maxConcurrentActivityTaskExecutions: config.worker.rowSlots * 2 + 12,
    shutdownGraceTime: config.worker.shutdownGraceMs,
    shutdownForceTime: config.worker.shutdownGraceMs + 10_000,
  });
  const done = worker.run().finally(async () => {
    await system.close();
    await connection.close();
  });
  return {
    done,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await done;
    },
  };
}
