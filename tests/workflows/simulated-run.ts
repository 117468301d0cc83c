import { randomBytes } from 'node:crypto';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { queueOf, rowQueueOf } from '../../model/queues.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { logFrom } from '../../worker/worker.ts';
import type { MigrationInput } from '../../workflows/memory.ts';
import { simulatedSteps, type Asked, type Simulated } from './simulated-steps.ts';

/** Where real workflows run with simulated steps. */
export interface Bench {
  client: Client;
  bundle: { codePath: string };
  /** Starts a run, with workers of its own. @param carried as if it had continued as new with it */
  start(of: Simulated, carried?: MigrationInput['carried']): Promise<{ run: string; asked: Asked }>;
  /** Stops the workers of all runs that were started. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export async function makeBench(address: string): Promise<Bench> {
  logFrom('ERROR');
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection });
  const bundle = await workflowBundle();
  const ending: (() => Promise<void>)[] = [];
  const idle = async (): Promise<void> => {
    for (const end of ending.splice(0)) await end();
  };
  return {
    client,
    bundle,
    async start(of, carried) {
      const run = `simulated-${randomBytes(4).toString('hex')}`;
      const { activities, asked } = simulatedSteps(of);
      const workers: Worker[] = [];
      const queues = [run, queueOf(run, 'source', 'legacy'), queueOf(run, 'target', 'cloud')];
      for (const taskQueue of queues.flatMap((queue) => [queue, rowQueueOf(queue)])) {
        const workflows = taskQueue === run ? { workflowBundle: bundle } : {};
        const most = { maxConcurrentActivityTaskExecutions: 100, shutdownGraceTime: 0, shutdownForceTime: 1_000 };
        workers.push(await Worker.create({ connection, taskQueue, activities, ...workflows, ...most }));
      }
      const runs = workers.map((worker) => worker.run());
      ending.push(async () => {
        for (const worker of workers) worker.shutdown();
        await Promise.all(runs);
      });
      const input = { run, plan: 'a'.repeat(64), startedBy: 'emil', ...(carried ? { carried } : {}) };
      await client.workflow.start('migration', { workflowId: run, taskQueue: run, args: [input] });
      return { run, asked };
    },
    idle,
    async close() {
      await idle();
      await connection.close();
    },
  };
}
