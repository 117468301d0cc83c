import { describe, expect, test } from 'vitest';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';

describe("a worker's budget for DuckDB", () => {
  test('is divided over the jobs that may run at the same time', () => {
    expect(createDuckBudget({ memoryBytes: 1000, spillBytes: 900, threads: 4, slots: 3 }).share).toEqual({
      memoryBytes: 333,
      spillBytes: 300,
      threads: 1,
    });
    expect(createDuckBudget({ memoryBytes: 1000, threads: 1, slots: 2 }).share.threads).toBe(1);
  });

  test('lets no more jobs run than it has slots, first come first served', async () => {
    const budget = createDuckBudget({ memoryBytes: 1000, threads: 2, slots: 2 });
    const order: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const giveBack = await budget.acquire();
        order.push(n);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
        giveBack();
      }),
    );
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('is not enlarged by giving a slot back twice', async () => {
    const budget = createDuckBudget({ memoryBytes: 1000, threads: 1, slots: 1 });
    const giveBack = await budget.acquire();
    giveBack();
    giveBack();
    await budget.acquire();
    const second = budget.acquire().then(() => 'got it');
    expect(await Promise.race([second, Promise.resolve('waits')])).toBe('waits');
  });

  test('forgets whoever gave up waiting', async () => {
    const budget = createDuckBudget({ memoryBytes: 1000, threads: 1, slots: 1 });
    const giveBack = await budget.acquire();
    const impatient = new AbortController();
    const given = budget.acquire(impatient.signal);
    const patient = budget.acquire();
    impatient.abort(new Error('cancelled'));
    await expect(given).rejects.toThrow('cancelled');
    giveBack();
    await expect(patient).resolves.toBeTypeOf('function');
    await expect(budget.acquire(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });
});
