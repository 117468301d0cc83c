/** What one job may use. */
export interface Share {
  memoryBytes: number;
  threads: number;
  /** What it may spill to disk; null: nine tenths of what is free there when it begins, as DuckDB has it. */
  spillBytes: number | null;
}

/** One worker's memory and threads for DuckDB, divided over a fixed number of jobs at a time. */
export interface DuckBudget {
  readonly slots: number;
  readonly share: Share;
  /** Waits for a slot, first come first served. The returned function gives it back; calling it twice does no harm. */
  acquire(signal?: AbortSignal): Promise<() => void>;
}

/**
 * @param memoryBytes for all jobs together
 * @param threads for all jobs together
 * @param spillBytes on disk, for all jobs together; absent: what is free
 * @param slots jobs at the same time
 */
export function createDuckBudget(options: {
  memoryBytes: number;
  threads: number;
  slots: number;
  spillBytes?: number;
}): DuckBudget {
  const share = {
    spillBytes: options.spillBytes === undefined ? null : Math.floor(options.spillBytes / options.slots),
    memoryBytes: Math.floor(options.memoryBytes / options.slots),
    threads: Math.max(1, Math.floor(options.threads / options.slots)),
  };
  const waiting: (() => void)[] = [];
  let free = options.slots;

  const giveBack = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };

  return {
    slots: options.slots,
    share,
    async acquire(signal) {
      signal?.throwIfAborted();
      if (free > 0) free -= 1;
      else {
        await new Promise<void>((resolve, reject) => {
          const turn = (): void => {
            signal?.removeEventListener('abort', giveUp);
            resolve();
          };
          const giveUp = (): void => {
            waiting.splice(waiting.indexOf(turn), 1);
            reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
          };
          waiting.push(turn);
          signal?.addEventListener('abort', giveUp, { once: true });
        });
      }
      let given = false;
      return () => {
        if (given) return;
        given = true;
        giveBack();
      };
    },
  };
}
