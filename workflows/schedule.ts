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
  const waiting = new Map(items.map((item) => [item.name, item]));
  const running = new Map<string, Promise<void>>();
  const ended = new Set<string>();
  let failure: { error: unknown } | null = null;

  const isFree = (item: Item): boolean =>
    after(item).every((name) => ended.has(name) || !items.some((i) => i.name === name));

  for (;;) {
    if (failure === null && !stop()) {
      for (const item of waiting.values()) {
        if (running.size >= limit) break;
        if (!isFree(item)) continue;
        waiting.delete(item.name);
        running.set(
          item.name,
          work(item)
            .then(
              () => void ended.add(item.name),
              (error: unknown) => void (failure ??= { error }),
            )
            .finally(() => void running.delete(item.name)),
        );
      }
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failure !== null) throw (failure as { error: unknown }).error;
  if (waiting.size > 0 && !stop()) {
    throw new Error(`dependencies form a cycle: ${[...waiting.keys()].join(', ')}`);
  }
}
