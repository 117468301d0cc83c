import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { registerSearchAttributes } from '../../worker/search-attributes.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';

/** Search attributes belong to a namespace: this one is as `temporal server start-dev` makes it. */
const namespace = `fresh-${randomBytes(4).toString('hex')}`;
let connection: Connection;

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
});

afterAll(() => connection.close());

const runs = async (): Promise<number> => {
  const query = Object.keys(searchAttributes)
    .map((name) => `${name} = 'nobody'`)
    .join(' AND ');
  let count = 0;
  for await (const _run of new Client({ connection, namespace }).workflow.list({ query })) count += 1;
  return count;
};

test('a namespace that has never seen a run can be asked by what runs carry, once a worker or a run has come', async () => {
  const { workflowService } = connection;
  await workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  // The server says at first that it has no such namespace; what it says next is that it knows no such attributes.
  const said = (): Promise<string> => runs().then(String, (error: Error) => String(error.cause));
  await expect.poll(said).toMatch('LandfallMigration');
  await registerSearchAttributes(connection, namespace);
  expect(await runs()).toBe(0);
  await registerSearchAttributes(connection, namespace);
});

test('who may not register them is told the command for who may', async () => {
  const refusal = (code: number) => () =>
    Promise.reject(Object.assign(new Error('no'), { code, details: 'no', metadata: {} }));
  const refusing = {
    workflowService: { listWorkflowExecutions: refusal(3) },
    operatorService: { listSearchAttributes: refusal(7), addSearchAttributes: refusal(7) },
  };
  const failure: unknown = await registerSearchAttributes(refusing, 'theirs').catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'temporal.search-attributes',
    hint: expect.stringContaining('--namespace theirs --name LandfallMigration'),
  });
});
