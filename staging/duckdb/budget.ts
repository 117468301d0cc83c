/** What one job may use, however many others there are. */
export interface Share {
  memoryBytes: number;
  /** What it may spill to disk; null: nine tenths of what is free there when it begins, as DuckDB has it. */
  spillBytes: number | null;
}

/** A job's place among others. */
export interface Slot {
  /** A job that begins beside few others has more: steps that are alone for minutes would leave cores idle. */
  threads: number;
  /** Calling it twice does no harm. */
  giveBack(): void;
}

/** One worker's memory and threads for DuckDB, divided over a fixed number of jobs at a time. */
export interface DuckBudget {
  readonly slots: number;
  readonly share: Share;
  /** Waits for a slot, first come first served. */
  acquire(signal?: AbortSignal): Promise<Slot>;
}

/**
 * @param memoryBytes for all jobs together
 * @param threads for all jobs together, about: what a job began with it keeps when others come
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
      return {
        threads: Math.max(1, Math.floor(options.threads / (options.slots - free))),
        giveBack() {
          if (given) return;
          given = true;
          giveBack();
        },
      };
    },
  };
}
