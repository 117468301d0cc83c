import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bitmap } from '../../workflows/bitmap.ts';
import { Marks } from '../../workflows/marks.ts';
import { boundedFanOut, inDependencyOrder } from '../../workflows/schedule.ts';

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

describe('a bounded fan-out', () => {
  test('takes each item once and never has more in work than it may', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.integer({ min: 1, max: 9 }), async (size, limit) => {
        const taken: number[] = [];
        let running = 0;
        let most = 0;
        await boundedFanOut(
          Array.from({ length: size }, (_, i) => i),
          limit,
          async (item) => {
            running += 1;
            most = Math.max(most, running);
            await turn();
            taken.push(item);
            running -= 1;
          },
        );
        expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
        expect(most).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 40 },
    );
  });

  test('waits for what is in work before it throws the first failure', async () => {
    let ended = 0;
    const work = async (item: number): Promise<void> => {
      await turn();
      if (item === 1) throw new Error('first');
      await turn();
      ended += 1;
    };
    await expect(boundedFanOut([0, 1, 2, 3, 4, 5], 3, work)).rejects.toThrow('first');
    expect(ended).toBe(2);
  });
});

describe('dependency order', () => {
  test('starts nothing before all that it comes after has ended', async () => {
    const after: Record<string, string[]> = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: [] };
    const ended: string[] = [];
    const items = ['d', 'c', 'b', 'a', 'e'].map((name) => ({ name }));
    await inDependencyOrder(
      items,
      (item) => after[item.name] ?? [],
      2,
      async ({ name }) => {
        expect((after[name] ?? []).every((one) => ended.includes(one))).toBe(true);
        await turn();
        ended.push(name);
      },
    );
    expect([...ended].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('starts first what comes first, and is not slow with thousands that wait for one another', async () => {
    const items = Array.from({ length: 5_000 }, (_, i) => ({ name: `e${i}` }));
    const started: string[] = [];
    const began = performance.now();
    await inDependencyOrder(
      items,
      ({ name }) => (Number(name.slice(1)) > 100 ? items.slice(0, 50).map((one) => one.name) : []),
      3,
      async ({ name }) => void started.push(name),
    );
    expect(started).toEqual(items.map((one) => one.name));
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test('says that a cycle is one instead of waiting forever', async () => {
    const items = [{ name: 'a' }, { name: 'b' }];
    const work = inDependencyOrder(items, ({ name }) => (name === 'a' ? ['b'] : ['a']), 2, turn);
    await expect(work).rejects.toThrow('cycle: a, b');
  });
});

test('a bitmap comes back from its text as it was', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(499), { maxLength: 200 }), (members) => {
      const bitmap = new Bitmap(500);
      for (const member of members) bitmap.add(member);
      const copy = new Bitmap(500, bitmap.toString());
      for (let i = 0; i < 500; i += 1) expect(copy.has(i)).toBe(members.includes(i));
    }),
  );
});

test('marks come back from their text as they were, and know how many they are', () => {
  const names = Array.from({ length: 40 }, (_, i) => `e${i}`);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...names), fc.boolean())), (changes) => {
      const marks = new Marks(names);
      const model = new Set<string>();
      for (const [name, on] of changes) {
        marks.set(name, on);
        if (on) model.add(name);
        else model.delete(name);
      }
      const copy = new Marks(names, marks.toString());
      expect(copy.names()).toEqual(names.filter((name) => model.has(name)));
      expect([marks.size, copy.size]).toEqual([model.size, model.size]);
    }),
  );
});
