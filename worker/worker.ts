import { Client } from '@temporalio/client';
import {
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type LogEntry,
  type LogLevel,
  type WorkerOptions,
} from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { Config } from '../model/config.ts';
import { LandfallError } from '../model/errors.ts';
import { queueOf, rowQueueOf } from '../model/queues.ts';
import { signedExtension } from '../staging/duckdb/extensions.ts';
import { masterKeyFrom } from '../staging/index.ts';
import { deploymentOf } from './builds.ts';
import { createSystem } from './dependencies.ts';
import { workflowBundle } from './bundle.ts';
import { WorkerLogger } from './log.ts';
import { dataConverterOf } from './payloads.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { secretResolver } from './secrets.ts';
import { limiterShares } from './shares.ts';

export interface RunningWorker {
  /** Ends when the worker has been told to stop and its steps are done. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

export interface WorkerStart {
  log?: (line: string) => void;
  /** What it serves (see `queuesOf`); absent: everything. */
  only?: readonly string[] | undefined;
  /** The name of what was built, for worker versioning; absent: any worker goes on with any run. */
  build?: string | undefined;
}

let installed = false;

/**
 * Temporal's own log lines, from this level on. Once a process, before anything else of the worker.
 *
 * @param write gets each entry; absent: standard error, as Temporal's SDK writes it
 */
export function logFrom(level: LogLevel, write?: (entry: LogEntry) => void): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new WorkerLogger(level, write),
    // What the SDK's core says goes the same way: written past it, it would break what is drawn on a terminal.
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: level }), forward: {} } },
    shutdownSignals: [],
  });
}

/**
 * How long what a workflow has to do next waits for the worker that knows it, before any may take it: that worker may have
 * been killed. Temporal's ten seconds are as many of standing still, for each workflow, after each such end.
 */
const StickyMs = 3_000;

/** Steps at a time that are few for each run: they wait, hold leases, talk to people, or take a job of rows now and then. */
const OtherSteps = 20;

/** Chunks that a worker takes of a queue beyond those that it works on: the next begins without asking the server first. */
const ChunksAhead = 1;

/**
 * What a worker serves: `core` (workflows, and steps that only touch staging), `source/NAME`, `target/NAME`.
 *
 * @throws LandfallError `worker.serves`
 */
export function queuesOf(config: Config, only?: readonly string[]): string[] {
  const sides = Object.values(config.migrations).flatMap(({ source, target }) => [
    queueOf('', 'source', source).slice(1),
    ...(target === undefined ? [] : [queueOf('', 'target', target).slice(1)]),
  ]);
  const all = ['core', ...new Set(sides)];
  const unknown = only?.find((one) => !all.includes(one));
  if (unknown === undefined) return only === undefined ? all : [...new Set(only)];
  throw new LandfallError({
    code: 'worker.serves',
    kind: 'permanent',
    what: `There is nothing called ${unknown} to work on.`,
    where: { setting: '--only' },
    hint: `A worker can serve: ${all.join(', ')}.`,
  });
}

/** Long workflows go on under the newest build; those that say otherwise (see `entity`) end under theirs. */
function versionOf(config: Config, buildId: string): NonNullable<WorkerOptions['workerDeploymentOptions']> {
  const version = { deploymentName: deploymentOf(config), buildId };
  return { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' };
}

/**
 * Starts a worker for the workflows and steps of the migrations in the configuration.
 *
 * @param folder the configuration's folder, which its relative paths start from
 * @throws LandfallError `temporal.unreachable`, `worker.serves`, `config.secret`, `staging.master-key`
 */
export async function startWorker(
  config: Config,
  folder: string,
  { log = () => {}, only, build }: WorkerStart = {},
): Promise<RunningWorker> {
  const queues = queuesOf(config, only);
  // Who has no key, or half of one, is told so now, and not by every step of every run.
  for (const key of [config.staging.masterKey].flat()) masterKeyFrom(secretResolver(folder)(key));
  for (const name of ['httpfs', 'postgres_scanner'] as const) await signedExtension(name, log);
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
  await registerSearchAttributes(connection, namespace);
  const dataConverter = dataConverterOf(config, folder);
  const client = new Client({ connection, namespace, dataConverter });
  const system = createSystem(config, folder, (of) => limiterShares(client, { ...of, taskQueue }));
  const activities = createActivities(system);
  const shutdown = {
    shutdownGraceTime: config.worker.shutdownGraceMs,
    shutdownForceTime: config.worker.shutdownGraceMs + 10_000,
  };
  const workers: Worker[] = [];
  const { rowSlots } = config.worker;
  const versioned = build === undefined ? {} : { workerDeploymentOptions: versionOf(config, build) };
  const shared = { connection, namespace, dataConverter, activities, ...versioned, ...shutdown };
  for (const queue of queues) {
    const core = queue === 'core';
    const own = core ? taskQueue : `${taskQueue}/${queue}`;
    workers.push(
      await Worker.create({
        ...shared,
        taskQueue: own,
        ...(core ? { workflowBundle: await workflowBundle() } : {}),
        stickyQueueScheduleToStartTimeout: StickyMs,
        maxConcurrentActivityTaskExecutions: OtherSteps,
      }),
      await Worker.create({
        ...shared,
        taskQueue: rowQueueOf(own),
        maxConcurrentActivityTaskExecutions: rowSlots + ChunksAhead,
      }),
    );
  }
  const stop = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  // One that fails must not leave the others at work on what it can no longer do.
  const runs = workers.map((worker) => worker.run().finally(stop));
  const finish = async (): Promise<void> => {
    const ended = await Promise.allSettled(runs);
    await system.close();
    await connection.close();
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  };
  const done = finish();
  return {
    done,
    async stop() {
      stop();
      await done;
    },
  };
}
