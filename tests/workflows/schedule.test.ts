import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bitmap } from '../../workflows/bitmap.ts';
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
