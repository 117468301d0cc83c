import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities, AssertedDecision } from '../../activities/contract.ts';
import { noCounts } from '../../model/run.ts';
import { Marks } from '../../workflows/marks.ts';
import { blank, type Carried, type Memory } from '../../workflows/memory.ts';
import { abort, signOff, status } from '../../workflows/messages.ts';
import { makeBench, type Bench } from './simulated-run.ts';
import { simulatedEntity, type Simulated } from './simulated-steps.ts';

const entities = [simulatedEntity(1, 0), simulatedEntity(2, 0)];
/** Whoever decides; the simulated step accepts it. */
const asserted = { args: [{ action: 'abort', assertion: '' }] } satisfies { args: [AssertedDecision] };
let bench: Bench;

beforeAll(async () => {
  bench = await makeBench(inject('temporalAddress'));
});
afterEach(() => bench.idle());
afterAll(() => bench.close());

/** What a live run that was signed takes along. */
function signed(memory: Partial<Memory>): Carried {
  const none = new Marks(entities.map((one) => one.name)).toString();
  return {
    entities: 'e'.repeat(64),
    memory: { ...blank(), ...memory },
    phase: 'sign-off',
    marks: { through: none, nothingReady: none, overLimit: none, heldBack: none },
    totals: noCounts(),
    status: {
      paused: false,
      report: { digest: 'r'.repeat(64), verdict: 'whole' },
      signed: { by: 'olga', decision: 'signed', report: 'r'.repeat(64) },
      failure: null,
      replays: [],
      startedAt: '2026-01-01T00:00:00.000Z',
    },
  };
}

function unsigned(memory: Partial<Memory>): Carried {
  const carried = signed(memory);
  return { ...carried, status: { ...carried.status, signed: null } };
}

const start = async (of: Partial<Simulated>, carried?: Carried) => {
  const { run } = await bench.start({ entities, chunksOf: () => 2, options: {}, mode: 'live', ...of }, carried);
  return bench.client.workflow.getHandle(run);
};

function gate(): { free: Promise<void>; letGo: () => void } {
  let letGo = (): void => {};
  const free = new Promise<void>((resolve) => (letGo = resolve));
  return { free, letGo };
}

/** A step that answers only once it is let go, whatever it is told. */
function held<Name extends keyof Activities>(
  name: Name,
  answer: Awaited<ReturnType<Activities[Name]>>,
): { steps: Partial<Activities>; asked: Promise<void>; letGo: () => void } {
  const { free, letGo } = gate();
  let came = (): void => {};
  const asked = new Promise<void>((resolve) => (came = resolve));
  const step = async () => {
    came();
    await free;
    return answer;
  };
  return { steps: { [name]: step }, asked, letGo };
}

describe('a run that was aborted', () => {
  test('does not switch, although the step before the cut-over ended all the same', async () => {
    const called: string[] = [];
    const noted = (name: string) => async (): Promise<void> => void called.push(name);
    const recall = held('recallEntities', { entities: {} });
    const steps = { ...recall.steps, freezeSource: noted('freezeSource'), goLive: noted('goLive') };
    const run = await start({ steps }, signed({ stage: 'cut-over' }));
    await recall.asked;
    await run.executeUpdate(abort, asserted);
    recall.letGo();
    expect(await run.result()).toMatchObject({ phase: 'aborted' });
    expect((await run.query(status)).failure?.code).toBe('aborted');
    expect(called).toEqual([]);
  });

  test('takes no signature any more while it lets people work in the source again', async () => {
    const thaw = held('thawSource', undefined);
    const run = await start({ steps: thaw.steps }, unsigned({ stage: 'sign-off', frozen: true }));
    await expect.poll(async () => (await run.query(status)).waiting?.on).toBe('sign-off');
    await run.executeUpdate(abort, asserted);
    await thaw.asked;
    await expect(run.executeUpdate(signOff, asserted)).rejects.toThrow('Workflow Update failed');
    thaw.letGo();
    expect(await run.result()).toMatchObject({ phase: 'aborted', signedBy: null });
  });

  test('gives the source back, also when it was stopped before its plan was open', async () => {
    let thawed = 0;
    const opening = gate();
    const run = await start(
      { steps: { thawSource: async () => void (thawed += 1) }, opening: opening.free },
      unsigned({ stage: 'extract', frozen: true }),
    );
    await run.cancel();
    // Until the run has heard of it.
    await sleep(500);
    opening.letGo();
    await expect(run.result()).rejects.toThrow('Workflow execution cancelled');
    expect(thawed).toBe(1);
  });
});

test('a run that is cancelled while it switches has switched', async () => {
  const live = held('goLive', undefined);
  const run = await start({ steps: live.steps }, signed({ stage: 'cut-over' }));
  await live.asked;
  await run.cancel();
  // Until the run has heard of it.
  await sleep(500);
  live.letGo();
  expect(await run.result()).toMatchObject({ phase: 'done', signedBy: 'olga' });
});

test('a run that switched is done, also where what it left in staging cannot be removed', async () => {
  const details = [{ code: 'staging.denied', what: 'It cannot be written.', hint: 'Mend it.', staged: null }];
  const collect = async (): Promise<never> => {
    throw ApplicationFailure.create({ type: 'permanent', nonRetryable: true, details });
  };
  const carried = signed({ stage: 'collect', frozen: true, switched: true });
  const run = await start({ steps: { collect } }, { ...carried, phase: 'cut-over' });
  expect(await run.result()).toMatchObject({ phase: 'done', signedBy: 'olga' });
  expect((await run.query(status)).failure).toMatchObject({ code: 'staging.denied' });
});
