import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createGate, type Gate } from '../../worker/gate.ts';
import { limiterId, limiterShares } from '../../worker/shares.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { limiterState } from '../../workflows/messages.ts';
import { bareConfig } from './bare-config.ts';

const taskQueue = `limiter-${randomBytes(4).toString('hex')}`;
const account = `account ${taskQueue}`;
const grantMs = 1_000;
let connection: Connection;
let client: Client;
let worker: RunningWorker;

const gate = (holder: string): Gate => {
  const shares = limiterShares(client, { account, connection: 'cloudCrm', taskQueue, grantMs });
  return createGate({ most: 4, perMinute: null, grantMs, holder, shares });
};

beforeAll(async () => {
  logFrom('ERROR');
  const address = inject('temporalAddress');
  connection = await Connection.connect({ address });
  client = new Client({ connection });
  worker = await startWorker(bareConfig(address, taskQueue), '.');
});

afterAll(async () => {
  await worker.stop();
  await connection.close();
});

test('processes share an account through its limiter, and the share of one that dies comes back', async () => {
  const first = gate('first');
  const second = gate('second');
  let running = 0;
  let most = 0;
  const work = async (through: Gate): Promise<void> => {
    const leave = await through.enter();
    through.report('ok');
    running += 1;
    most = Math.max(most, running);
    await new Promise((next) => setTimeout(next, 40));
    running -= 1;
    leave();
  };
  const both = await Promise.all(
    [first, second].map((one) => Promise.all(Array.from({ length: 60 }, () => work(one)))),
  );
  expect(both.flat()).toHaveLength(120);
  expect(most).toBeLessThanOrEqual(4);
  expect(most).toBeGreaterThan(1);

  await Promise.all([first.close(), second.close()]);
  const handle = client.workflow.getHandle(limiterId(account));
  expect((await handle.query(limiterState)).holders).toEqual([]);

  // A process that dies says nothing more: it is simply never heard of again.
  const shares = limiterShares(client, { account, connection: 'cloudCrm', taskQueue, grantMs });
  const died = performance.now();
  const dead = { holder: 'dead', want: 4, running: 4, most: 4, perMinute: null, grantMs, closedForMs: 0 };
  expect((await shares.ask(dead)).granted).toBe(4);
  const alive = gate('alive');
  await work(alive);
  expect(performance.now() - died).toBeGreaterThanOrEqual(grantMs - 50);
  await alive.close();
});

test('a limiter that is terminated starts anew with the next question', async () => {
  const one = gate('one');
  (await one.enter())();
  await client.workflow.getHandle(limiterId(account)).terminate('a test');
  await new Promise((next) => setTimeout(next, grantMs));
  (await one.enter())();
  const { holders } = await client.workflow.getHandle(limiterId(account)).query(limiterState);
  expect(holders.map((holder) => holder.holder)).toEqual(['one']);
  await one.close();
});

test('a limiter that nobody asks any more ends', async () => {
  const one = gate('last');
  (await one.enter())();
  await one.close();
  const handle = client.workflow.getHandle(limiterId(account));
  await expect(handle.result()).resolves.toBeUndefined();
});
