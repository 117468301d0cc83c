import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ask } from '../../cli/ask.ts';
import { workflowSources } from '../../worker/bundle.ts';
import { logFrom } from '../../worker/worker.ts';
import { AskAgain } from '../../workflows/asking.ts';
import { decision, news, told, twoWays } from './two-ways.ts';

let connection: NativeConnection;
let client: Client;
const children: ChildProcess[] = [];

beforeAll(async () => {
  logFrom('ERROR');
  connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  client = new Client({ connection });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await connection.close();
});

async function workerProcess(queue: string): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('two-ways-worker.ts', import.meta.url));
  const child = fork(file, [inject('temporalAddress'), queue], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  children.push(child);
  await once(child, 'message');
  return child;
}

describe('a workflow that is asked while its worker is dead and news come in', () => {
  test.each(['signal', 'update'] as const)('can be replayed, whatever follows: %s', async (how) => {
    const queue = randomUUID();
    let end = (): void => {};
    const first = new Promise<void>((resolve) => (end = resolve));
    const activities = { wait: () => first, asIfTold: async () => {}, asIfNot: async () => {} };
    const stepsQueue = `${queue}/steps`;
    const steps = await Worker.create({ connection, taskQueue: stepsQueue, activities });
    const replayed = steps.runUntil(async () => {
      const dying = await workerProcess(queue);
      const handle = await client.workflow.start(twoWays, {
        workflowId: queue,
        taskQueue: queue,
        args: [stepsQueue],
      });
      // Its worker has it in its memory when it can be asked.
      await handle.query(told);
      // Up before the other is gone, so that it is there in time: the question has two seconds.
      await workerProcess(queue);
      dying.kill('SIGKILL');
      await once(dying, 'exit');
      // Waits for the dead worker; while it does, the step ends, and then it goes to another.
      const question = handle.query(told).catch((error: unknown) => error);
      await sleep(1_000);
      end();
      await workerProcess(queue);
      const refused = await question;
      const telling = how === 'signal' ? handle.signal(news) : handle.executeUpdate(decision);
      expect(await ask(client, queue, told)).toBeTypeOf('boolean');
      await telling;
      await handle.result();
      const sources = {
        workflowsPath: fileURLToPath(new URL('two-ways.ts', import.meta.url)),
        interceptors: { workflowModules: workflowSources().workflowInterceptorModules },
      };
      await Worker.runReplayHistory(sources, await handle.fetchHistory());
      return refused;
    });
    expect(await replayed).toMatchObject({ message: expect.stringContaining(AskAgain) });
  });
});

test('a run that no worker answers for is said to be silent, and what to start', async () => {
  const workflowId = randomUUID();
  const handle = await client.workflow.start(twoWays, { workflowId, taskQueue: workflowId, args: ['nobody'] });
  const silent = { code: 'run.silent', hint: expect.stringContaining('landfall worker') };
  const asked = client.withDeadline(Date.now() + 3_000, () => ask(client, workflowId, told, 0));
  await expect(asked).rejects.toMatchObject(silent);
  await handle.terminate();
});
