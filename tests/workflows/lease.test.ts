import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Activities } from '../../activities/contract.ts';
import type { RunOptions } from '../../model/options.ts';
import { status } from '../../workflows/messages.ts';
import { makeBench, type Bench } from './simulated-run.ts';
import { simulatedEntity, untilCancelled, type Asked, type Simulated } from './simulated-steps.ts';

const entities = [simulatedEntity(1, 0), simulatedEntity(2, 0)];
const quick = {
  retryFirstMs: 50,
  retryLongestMs: 400,
  leaseWatchMs: 500,
  heartbeatTimeoutMs: 1_000,
} satisfies Partial<RunOptions>;
let bench: Bench;

beforeAll(async () => {
  bench = await makeBench(inject('temporalAddress'));
});
afterEach(() => bench.idle());
afterAll(() => bench.close());

const start = (of: Partial<Simulated> = {}): Promise<{ run: string; asked: Asked }> =>
  bench.start({ entities, chunksOf: () => 2, options: quick, ...of });

async function until(run: string, phase: string): Promise<void> {
  const handle = bench.client.workflow.getHandle(run);
  while ((await handle.query(status)).phase !== phase) await sleep(50);
}

const failing =
  (failure: (time: number) => ApplicationFailure | null, times: number[] = []): Activities['holdLease'] =>
  async () => {
    times.push(Date.now());
    const reason = failure(times.length);
    if (reason) throw reason;
    await untilCancelled();
  };

describe('the snapshot of a run', () => {
  test('is held for as long as the run reads, and given back when it has read', async () => {
    const { run, asked } = await start();
    await until(run, 'sign-off');
    await expect.poll(() => asked).toMatchObject({ leases: 1, released: 1 });
    await bench.client.workflow.getHandle(run).terminate();
  });

  test('is given back when the run was terminated, which can tell nobody', async () => {
    const { run, asked } = await start({ steps: { extractChunk: untilCancelled } });
    await expect.poll(() => asked.leases).toBe(1);
    await bench.client.workflow.getHandle(run).terminate();
    await expect.poll(() => asked.released).toBe(1);
  });

  test('is given back when the run is stopped while it waits for it', async () => {
    const { run, asked } = await start({ options: {}, steps: { awaitLease: untilCancelled } });
    await expect.poll(() => asked.leases).toBe(1);
    await bench.client.workflow.getHandle(run).cancel();
    await expect.poll(() => asked.released).toBe(1);
  });

  test('may be lost twice, and what was read under the first still is not forgotten', async () => {
    const ledgers = new Map<string, Set<number>>();
    const stood: boolean[] = [];
    const lost = ApplicationFailure.create({ type: 'lease.lost', nonRetryable: true });
    const extractChunk: Activities['extractChunk'] = async ({ chunk, lease, prior }) => {
      // The first snapshot serves for one chunk, the second for none.
      if (lease === 2 || (lease === 1 && chunk === 1)) throw lost;
      if (lease === 3 && chunk === 0) stood.push(ledgers.get(prior ?? '')?.has(chunk) ?? false);
      return { chunk, manifest: `manifest ${chunk}`, counts: {} };
    };
    const writeLedger: Activities['writeLedger'] = async ({ previous, entries }) => {
      const known = new Set([...(ledgers.get(previous ?? '') ?? []), ...entries.map((one) => one.chunk)]);
      const digest = `ledger ${ledgers.size}`;
      ledgers.set(digest, known);
      return { digest };
    };
    const options = { ...quick, chunkFanOut: 1 };
    const only = entities.slice(0, 1);
    const { run } = await start({ options, entities: only, steps: { extractChunk, writeLedger } });
    await expect.poll(() => stood).toEqual([true]);
    await bench.client.workflow.getHandle(run).terminate();
  });

  test('ends the run when the source refuses it for good, and says why', async () => {
    const details = [{ code: 'source.snapshots', what: 'No snapshot may be held.', hint: 'Grant it.', staged: 'f00' }];
    const refused = ApplicationFailure.create({ type: 'permanent', nonRetryable: true, details });
    const { run } = await start({ steps: { holdLease: failing(() => refused), awaitLease: untilCancelled } });
    await expect(bench.client.workflow.getHandle(run).result()).rejects.toThrow('Workflow execution failed');
    expect((await bench.client.workflow.getHandle(run).query(status)).failure).toEqual({
      code: 'source.snapshots',
      what: 'No snapshot may be held.',
      hint: 'Grant it.',
      details: 'f00',
    });
  });

  test('is asked for again, ever less often, while the source is away', async () => {
    const times: number[] = [];
    const away = ApplicationFailure.create({ type: 'transient' });
    const holdLease = failing((time) => (time < 6 ? away : null), times);
    const awaitLease = async (): Promise<void> => {
      while (times.length < 6) await sleep(20);
    };
    const { run } = await start({ steps: { holdLease, awaitLease } });
    await until(run, 'sign-off');
    expect(times).toHaveLength(6);
    expect((times[5] ?? 0) - (times[1] ?? 0)).toBeGreaterThan(100 + 200 + 400);
    await bench.client.workflow.getHandle(run).terminate();
  });
});
