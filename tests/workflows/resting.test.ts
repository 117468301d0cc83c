import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Activities } from '../../activities/contract.ts';
import { provideTemporal, type ProvidedTemporal } from '../../sandbox/temporal.ts';
import { pause, status } from '../../workflows/messages.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { makeBench, type Bench } from './simulated-run.ts';
import { simulatedEntity } from './simulated-steps.ts';

let temporal: ProvidedTemporal;
let bench: Bench;

beforeAll(async () => {
  const dynamicConfig = ['limit.historyCount.suggestContinueAsNew=150'];
  temporal = await provideTemporal({ log: () => {}, own: true, searchAttributes, dynamicConfig });
  bench = await makeBench(temporal.address);
});

afterAll(async () => {
  await bench.close();
  await temporal.stop();
});

function held(): { came: Promise<void>; pass: () => Promise<void>; letGo: () => void } {
  let letGo = (): void => {};
  let arrive = (): void => {};
  const free = new Promise<void>((resolve) => (letGo = resolve));
  const came = new Promise<void>((resolve) => (arrive = resolve));
  const pass = async (): Promise<void> => {
    arrive();
    await free;
  };
  return { came, pass, letGo };
}

test('a pause that is decided while a run is about to continue as new is not forgotten', async () => {
  const staging = held();
  const deciding = held();
  const entities = Array.from({ length: 30 }, (_, i) => simulatedEntity(i, 0));
  let staged = 0;
  const steps: Partial<Activities> = {
    recordEntities: async () => {
      await staging.pass();
      return { digest: `entities ${(staged += 1)}` };
    },
    acceptDecision: async ({ about }) => {
      await deciding.pass();
      return { person: 'emil', decision: 'pause', about, record: 0 };
    },
  };
  const { run } = await bench.start({ entities, chunksOf: () => 1, options: {}, steps });
  const handle = bench.client.workflow.getHandle(run);
  const first = (await handle.describe()).runId;
  await staging.came;
  const paused = handle.executeUpdate(pause, { args: [{ action: 'pause', assertion: '' }] });
  await deciding.came;
  staging.letGo();
  // The run has staged what it knows, and waits for nothing but the decision.
  await expect.poll(async () => (await handle.describe()).raw.pendingActivities?.length).toBe(1);
  deciding.letGo();
  expect(await paused).toMatchObject({ person: 'emil' });
  await expect.poll(async () => (await handle.describe()).runId).not.toBe(first);
  await expect.poll(async () => (await handle.query(status)).paused).toBe(true);
  await handle.terminate();
});
