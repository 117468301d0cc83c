import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Activities } from '../../activities/contract.ts';
import { status } from '../../workflows/messages.ts';
import { makeBench, type Bench } from './simulated-run.ts';
import { simulatedEntity } from './simulated-steps.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await makeBench(inject('temporalAddress'));
});
afterAll(() => bench.close());

/** A target that does nothing, for a reason of a kind, until it is told to be back. */
function away(type = 'transient'): { tried: () => number; back: () => void; loadChunk: Activities['loadChunk'] } {
  let tried = 0;
  let isBack = false;
  return {
    tried: () => tried,
    back: () => (isBack = true),
    async loadChunk({ chunk }) {
      tried += 1;
      if (!isBack) throw ApplicationFailure.create({ type });
      return { chunk, manifest: `manifest ${chunk}`, counts: {} };
    },
  };
}

const quick = { retryFirstMs: 10, retryLongestMs: 10 };
const entities = [simulatedEntity(1, 0)];

test('a run waits for a system that is away for as long as it is', async () => {
  const { tried, back, loadChunk } = away();
  const { run } = await bench.start({ entities, chunksOf: () => 1, options: quick, steps: { loadChunk } });
  const client = bench.client.workflow;
  await expect.poll(tried).toBeGreaterThan(2);
  const patience = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const { workflowId } of client.list({ query: `WorkflowId STARTS_WITH '${run}'` })) {
      const { raw } = await client.getHandle(workflowId).describe();
      for (const step of raw.pendingActivities ?? []) found.push([step.activityType?.name, step.maximumAttempts]);
    }
    return found;
  };
  // Nought is Temporal's word for no end.
  await expect.poll(patience).toContainEqual(['loadChunk', 0]);
  back();
  await expect.poll(async () => (await client.getHandle(run).query(status)).phase).toBe('sign-off');
  await client.getHandle(run).terminate();
});

test('credentials that have lapsed end no run: it goes on once they are renewed', async () => {
  const { tried, back, loadChunk } = away('unauthorised');
  const { run } = await bench.start({ entities, chunksOf: () => 1, options: quick, steps: { loadChunk } });
  await expect.poll(tried).toBeGreaterThan(2);
  back();
  const handle = bench.client.workflow.getHandle(run);
  await expect.poll(async () => (await handle.query(status)).phase).toBe('sign-off');
  await handle.terminate();
});

test('a run whose plan bounds its patience ends with what it waited for', async () => {
  const { tried, loadChunk } = away();
  const options = { ...quick, retryTries: 3 };
  const { run } = await bench.start({ entities, chunksOf: () => 1, options, steps: { loadChunk } });
  await expect(bench.client.workflow.getHandle(run).result()).rejects.toThrow('Workflow execution failed');
  expect(tried()).toBe(3);
});
