import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { limiter } from '../../workflows/limiter.ts';
import { bareConfig } from '../worker/bare-config.ts';
import { formsOf, leaksIn, saidByTemporal, type Said } from './leak-scan.ts';

const taskQueue = `scan-${randomBytes(4).toString('hex')}`;
const hidden = (text: string): string => `a.${Buffer.from(`{"who":"${text}"}`).toString('base64url')}.b`;
let connection: Connection;
let worker: RunningWorker;
let said: Said[];

beforeAll(async () => {
  logFrom('ERROR');
  const address = inject('temporalAddress');
  connection = await Connection.connect({ address });
  worker = await startWorker(bareConfig(address, taskQueue), '.');
  const client = new Client({ connection });
  const handle = await client.workflow.start(limiter, {
    workflowId: `scanned-${taskQueue}`,
    taskQueue,
    args: [{ connection: 'Planted in details', idleMs: 60_000, carried: null }],
    staticSummary: 'about Planted Summary',
    memo: { note: { deep: ['Planted in a memo'] } },
  });
  await handle.signal('releaseShare', hidden('Planted, Söhne & base64'));
  await handle.signal('releaseShare', encodeURIComponent('Planted in a URL'));
  said = await saidByTemporal(client, taskQueue);
  await handle.terminate('Planted in a failure');
  said.push(...(await saidByTemporal(client, taskQueue)));
});

afterAll(async () => {
  await worker.stop();
  await connection.close();
});

describe('the scan for leaks finds what was planted', () => {
  test.each([
    ['in a summary', 'planted summary', 'describe'],
    ['in a memo', 'Planted in a memo', 'list'],
    ['in what a workflow is started with', 'Planted in details', 'event 1'],
    ['in the current details', 'Planted in details', '__temporal_workflow_metadata'],
    ['in the middle of base64', 'Planted, Söhne & base64', 'event'],
    ['in a URL', 'Planted in a URL', 'event'],
    ['in why a workflow ended', 'Planted in a failure', 'event'],
  ])('%s', (_, value, where) => {
    expect(leaksIn(said, [value]).map((leak) => leak.where)).toContainEqual(expect.stringContaining(where));
  });

  test('and nothing that was not', () => {
    expect(leaksIn(said, ['Planted nowhere', 'Planted, Söhne & nothing'])).toEqual([]);
  });
});

test('a value is known in base64 wherever it stands, in either alphabet', () => {
  const value = 'Söhne?>~ÿÿ';
  const forms = formsOf(value).map(([, text]) => text);
  for (const alphabet of ['base64', 'base64url'] as const) {
    for (let before = 0; before < 6; before += 1) {
      const text = Buffer.from(`${'x'.repeat(before)}${value}yz`).toString(alphabet);
      expect(forms.some((form) => text.includes(form))).toBe(true);
    }
  }
});
