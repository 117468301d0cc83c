import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import type { AssertedDecision } from '../../activities/contract.ts';
import { signOff, status } from '../../workflows/messages.ts';
import { makeBench, type Bench } from './simulated-run.ts';
import { simulatedEntity } from './simulated-steps.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await makeBench(inject('temporalAddress'));
});
afterEach(() => bench.idle());
afterAll(() => bench.close());

test('of two owners who sign at the same time one is told that the run has moved on', async () => {
  const asked: ((by: string) => void)[] = [];
  let record = 0;
  const { run } = await bench.start({
    entities: [simulatedEntity(1, 0)],
    chunksOf: () => 1,
    options: {},
    steps: {
      // Both are being verified before either counts.
      acceptDecision: async ({ about }) => {
        const person = await new Promise<string>((resolve) => asked.push(resolve));
        record += 1;
        return { person, decision: 'signed', about, record };
      },
    },
  });
  const handle = bench.client.workflow.getHandle(run);
  await expect.poll(async () => (await handle.query(status)).waiting?.on).toBe('sign-off');
  const decision: AssertedDecision = { action: 'sign-off', assertion: '' };
  const answers = [1, 2].map(() =>
    handle.executeUpdate(signOff, { args: [decision] }).then(
      (outcome) => outcome.person,
      (error: unknown) =>
        error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error),
    ),
  );
  await expect.poll(() => asked.length).toBe(2);
  asked[0]?.('olga');
  expect(await Promise.race(answers)).toBe('olga');
  asked[1]?.('otto');
  expect((await Promise.all(answers)).toSorted()).toEqual([expect.stringContaining('decision.too-late'), 'olga']);
  expect((await handle.result()) as unknown).toMatchObject({ signedBy: 'olga' });
});
