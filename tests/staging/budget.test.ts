import { describe, expect, test } from 'vitest';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';

describe("a worker's budget for DuckDB", () => {
  test('is divided over the jobs that may run at the same time', () => {
    expect(createDuckBudget({ memoryBytes: 1000, spillBytes: 900, threads: 4, slots: 3 }).share).toEqual({
      memoryBytes: 333,
      spillBytes: 300,
    });
  });

  test('gives a job more threads where few others are at work, and never none', async () => {
    const budget = createDuckBudget({ memoryBytes: 1000, threads: 4, slots: 3 });
    const first = await budget.acquire();
    const second = await budget.acquire();
    const third = await budget.acquire();
    expect([first, second, third].map((one) => one.threads)).toEqual([4, 2, 1]);
    const fourth = budget.acquire();
    second.giveBack();
    expect((await fourth).threads).toBe(1);
    first.giveBack();
    third.giveBack();
    expect((await budget.acquire()).threads).toBe(2);
    const narrow = createDuckBudget({ memoryBytes: 1000, threads: 1, slots: 2 });
    await narrow.acquire();
    expect((await narrow.acquire()).threads).toBe(1);
  });

  test('lets no more jobs run than it has slots, first come first served', async () => {
    const budget = createDuckBudget({ memoryBytes: 1000, threads: 2, slots: 2 });
    const order: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const slot = await budget.acquire();
        order.push(n);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
        slot.giveBack();
      }),
    );
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('is not enlarged by giving a slot back twice', async () => {
    const budget = createDuckBudget({ memoryBytes: 1000, threads: 1, slots: 1 });
    const slot = await budget.acquire();
    slot.giveBack();
    slot.giveBack();
    await budget.acquire();
    const second = budget.acquire().then(() => 'got it');
    expect(await Promise.race([second, Promise.resolve('waits')])).toBe('waits');
  });

  test('forgets whoever gave up waiting', async () => {
    const budget = createDuckBudget({ memoryBytes: 1000, threads: 1, slots: 1 });
    const slot = await budget.acquire();
    const impatient = new AbortController();
    const given = budget.acquire(impatient.signal);
    const patient = budget.acquire();
    impatient.abort(new Error('cancelled'));
    await expect(given).rejects.toThrow('cancelled');
    slot.giveBack();
    await expect(patient).resolves.toHaveProperty('giveBack');
    await expect(budget.acquire(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });
});
