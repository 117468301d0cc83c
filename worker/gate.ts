import type { RequestGate } from '../connectors/port.ts';

/** A success widens the window by this much of a request; a refusal halves it. */
const Increase = 0.1;

/**
 * Admission to one target account for everything that this process does: additive increase, multiplicative decrease,
 * never more than the engineer allows. What the target says of waiting holds for every request, not just the refused one.
 *
 * @param most requests under way at a time
 */
export function createGate(most: number): RequestGate {
  let window = Math.min(most, 2);
  let running = 0;
  let closedUntil = 0;
  const waiting: (() => void)[] = [];

  const admit = (): void => {
    const pause = closedUntil - Date.now();
    if (pause > 0) {
      setTimeout(admit, pause).unref();
      return;
    }
    while (running < Math.floor(window)) {
      const next = waiting.shift();
      if (!next) return;
      running += 1;
      next();
    }
  };

  return {
    async enter(signal) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const turn = (): void => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        };
        const giveUp = (): void => {
          const at = waiting.indexOf(turn);
          if (at >= 0) waiting.splice(at, 1);
          reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
        };
        waiting.push(turn);
        signal?.addEventListener('abort', giveUp, { once: true });
        admit();
      });
      let left = false;
      return () => {
        if (left) return;
        left = true;
        running -= 1;
        admit();
      };
    },
    report(result, details) {
      if (result === 'ok') window = Math.min(most, window + Increase);
      if (result === 'throttled') {
        window = Math.max(1, window / 2);
        closedUntil = Math.max(closedUntil, Date.now() + (details?.retryAfterMs ?? 0));
      }
      admit();
    },
  };
}
