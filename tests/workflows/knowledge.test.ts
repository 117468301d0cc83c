import type { ActivityInterfaceFor } from '@temporalio/workflow';
import { describe, expect, test } from 'vitest';
import type { Activities, EntityRecord } from '../../activities/contract.ts';
import { Knowledge } from '../../workflows/knowledge.ts';
import { simulatedEntity, simulatedSteps } from './simulated-steps.ts';

const outlines = Array.from({ length: 500 }, (_, i) => simulatedEntity(i, 0));
const names = outlines.map((one) => one.name);
const nameOf = (number: number): string => names[number] ?? '';
const record = (crosswalk: string | null): EntityRecord => ({
  ledgers: {},
  counts: {},
  chunks: 1,
  partitions: 1,
  chunkPlan: null,
  crosswalk,
});
const of = { run: 'crm-live-1', plan: 'a'.repeat(64) };

/** Steps that count what they are asked. @param known what earlier executions staged of each entity */
function counted(known?: () => EntityRecord): { steps: ActivityInterfaceFor<Activities>; asked: string[][] } {
  const asked: string[][] = [];
  const { activities } = simulatedSteps({
    entities: outlines,
    chunksOf: () => 1,
    options: {},
    ...(known && { known }),
  });
  const noted = {
    ...activities,
    recallEntities: async (input: Parameters<Activities['recallEntities']>[0]) => {
      asked.push(input.names);
      return activities.recallEntities(input);
    },
    recordEntities: async (input: Parameters<Activities['recordEntities']>[0]) => {
      asked.push(Object.keys(input.entities));
      // The first one takes the longest.
      await new Promise((next) => setTimeout(next, Math.max(1, 40 - 20 * asked.length)));
      return activities.recordEntities(input);
    },
  };
  // A workflow's proxy of a step has more ways to be called, which nothing here uses.
  return { steps: noted as unknown as ActivityInterfaceFor<Activities>, asked };
}

describe('what a run knows of its entities', () => {
  test('is staged in pieces that fit a payload, and found again by the next execution', async () => {
    const { steps, asked } = counted();
    const first = new Knowledge(of, steps, null);
    for (const name of names) first.learn(name, { crosswalk: `crosswalk of ${name}` });
    const staged = await first.stage();
    expect(Math.max(...asked.map((one) => one.length))).toBeLessThanOrEqual(40);

    const second = new Knowledge(of, steps, staged);
    await second.recall(names);
    for (const name of names) expect(second.of(name).crosswalk).toBe(`crosswalk of ${name}`);
  });

  test('is staged whole, although more is learnt, and has to be staged, meanwhile', async () => {
    const { steps } = counted();
    const knowledge = new Knowledge(of, steps, null);
    knowledge.learn(nameOf(0), { crosswalk: 'old' });
    knowledge.learn(nameOf(1), { crosswalk: 'sealed' });
    const first = knowledge.stage();
    await new Promise((next) => setTimeout(next, 1));
    knowledge.learn(nameOf(0), { crosswalk: 'new' });
    knowledge.learn(nameOf(2), { crosswalk: 'sealed' });
    await Promise.all([first, knowledge.stage()]);
    const next = new Knowledge(of, steps, knowledge.whereabouts.staged);
    expect(await next.crosswalksOf(names)).toEqual({
      [nameOf(0)]: 'new',
      [nameOf(1)]: 'sealed',
      [nameOf(2)]: 'sealed',
    });
  });

  test('is read back once, as entities come up, together with those that come up next', async () => {
    const { steps, asked } = counted(() => record('sealed'));
    const knowledge = new Knowledge(of, steps, 'b'.repeat(64));
    for (const [index, name] of names.entries()) await knowledge.recall([name], outlines.slice(index + 1));
    expect(asked.flat()).toEqual(names);
    expect(asked).toHaveLength(Math.ceil(names.length / 40));
  });

  test('is not lost to what is read back late', async () => {
    const { steps } = counted(() => record('old'));
    const knowledge = new Knowledge(of, steps, 'b'.repeat(64));
    const recalled = knowledge.recall([nameOf(0)]);
    knowledge.learn(nameOf(0), { crosswalk: 'new' });
    await recalled;
    expect(knowledge.of(nameOf(0)).crosswalk).toBe('new');
  });

  test('is told from memory for as long as it is not staged, and no longer', async () => {
    const { steps } = counted();
    const knowledge = new Knowledge(of, steps, null);
    knowledge.learn(nameOf(0), { crosswalk: 'first' });
    const staging = knowledge.stage();
    expect(knowledge.whereabouts.since).toHaveProperty(nameOf(0));
    knowledge.learn(nameOf(1), { crosswalk: 'second' });
    await staging;
    expect(knowledge.whereabouts).toMatchObject({ staged: expect.stringMatching(/^[0-9a-f]{64}$/), since: {} });
    expect(
      (await steps.recallEntities({ ...of, entities: knowledge.whereabouts.staged ?? '', names })).entities,
    ).toEqual({
      [nameOf(0)]: expect.objectContaining({ crosswalk: 'first' }),
      [nameOf(1)]: expect.objectContaining({ crosswalk: 'second' }),
    });
  });
});
