import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Activities } from '../../activities/contract.ts';
import { status } from '../../workflows/messages.ts';
import { makeBench, type Bench } from './simulated-run.ts';
import { simulatedEntity } from './simulated-steps.ts';

const digest = 'a'.repeat(64);
let bench: Bench;

beforeAll(async () => {
  bench = await makeBench(inject('temporalAddress'));
});
afterEach(() => bench.idle());
afterAll(() => bench.close());

/** How often a ledger was written as a step of its own in the extraction of a run's one entity. */
async function written(writeLedger: Activities['writeLedger']): Promise<number> {
  const entity = simulatedEntity(1, 0);
  const options = { retryFirstMs: 50, retryLongestMs: 100 };
  const { run } = await bench.start({ entities: [entity], chunksOf: () => 2, options, steps: { writeLedger } });
  const handle = bench.client.workflow.getHandle(run);
  await expect.poll(async () => (await handle.query(status)).phase).toBe('sign-off');
  await handle.terminate();
  const { events } = await bench.client.workflow.getHandle(`${run}/${entity.name}/extract/1`).fetchHistory();
  const steps = (events ?? []).map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
  expect(steps.filter((name) => name === 'extractChunk')).toHaveLength(2);
  return steps.filter((name) => name === 'writeLedger').length;
}

describe('the ledger of an entity’s step', () => {
  test('is written within the workflow’s task, and asks no step of the server', async () => {
    expect(await written(async () => ({ digest }))).toBe(0);
  });

  test('becomes a step where it cannot be written at once, with all the patience that steps have', async () => {
    let tries = 0;
    const away = (): Error => ApplicationFailure.create({ type: 'transient', message: 'away' });
    const after = await written(async ({ step }) => {
      if (step !== 'extract') return { digest };
      if (activityInfo().isLocal) throw away();
      tries += 1;
      if (tries < 4) throw away();
      return { digest };
    });
    expect(after).toBe(1);
    expect(tries).toBe(4);
  });
});
