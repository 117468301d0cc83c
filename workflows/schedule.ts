/**
 * Runs `work` over items with at most `limit` at a time, and starts no more once `stop` says so or one fails.
 * Waits for those in work before it throws, so that nothing goes on unseen.
 *
 * @throws the first failure
 */
export async function boundedFanOut<Item>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
  stop: () => boolean = () => false,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failure: { error: unknown } | null = null;
  const lane = async (): Promise<void> => {
    while (failure === null && !stop()) {
      const next = iterator.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  if (failure !== null) throw (failure as { error: unknown }).error;
}

/**
 * Runs `work` over named items in the order of their dependencies: each starts when all it comes after have ended,
 * independent ones side by side, at most `limit` at a time. Starts no more once `stop` says so.
 *
 * @throws the first failure, after those in work have ended
 */
export async function inDependencyOrder<Item extends { name: string }>(
  items: readonly Item[],
  after: (item: Item) => readonly string[],
  limit: number,
  work: (item: Item) => Promise<void>,
  stop: () => boolean = () => false,
): Promise<void> {
  const indexOf = new Map(items.map((item, index) => [item.name, index]));
  const dependants = items.map((): number[] => []);
  const waitsFor = items.map((item, index) => {
    const before = new Set(after(item).flatMap((name) => indexOf.get(name) ?? []));
    for (const one of before) dependants[one]?.push(index);
    return before.size;
  });
  // Those that may start, in the order of the items; kept by counting, because looking through thousands each time one
  // ends would be quadratic.
  const free = waitsFor.flatMap((count, index) => (count === 0 ? [index] : []));
  const waiting = new Set(indexOf.keys());
  let running = 0;
  const failures: unknown[] = [];

  const release = (index: number): void => {
    for (const one of dependants[index] ?? []) {
      waitsFor[one] = (waitsFor[one] ?? 0) - 1;
      if (waitsFor[one] !== 0) continue;
      const place = free.findIndex((other) => other > one);
      free.splice(place === -1 ? free.length : place, 0, one);
    }
  };
  await new Promise<void>((resolve) => {
    const start = (): void => {
      while (running < limit && free.length > 0 && failures.length === 0 && !stop()) {
        const index = free.shift() ?? 0;
        const item = items[index];
        if (item === undefined) continue;
        waiting.delete(item.name);
        running += 1;
        void work(item)
          .then(
            () => release(index),
            (error: unknown) => void failures.push(error),
          )
          .finally(() => {
            running -= 1;
            start();
          });
      }
      if (running === 0) resolve();
    };
    start();
  });
  if (failures.length > 0) throw failures[0];
  if (waiting.size > 0 && !stop()) {
    throw new Error(`dependencies form a cycle: ${[...waiting].slice(0, 20).join(', ')}`);
  }
}
