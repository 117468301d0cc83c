import type { RequestGate } from '../connectors/port.ts';
import type { Share, ShareAsk } from '../workflows/shares.ts';

/** Where a gate gets its share of an account that others write to as well. */
export interface ShareSource {
  ask(ask: ShareAsk): Promise<Share>;
  release(holder: string): Promise<void>;
}

export interface GateOptions {
  /** Requests under way at a time over everything that shares the account. */
  most: number;
  /** Requests a minute over everything that shares the account, or null. */
  perMinute: number | null;
  /** How long a share lasts before it has to be asked for again, in milliseconds. */
  grantMs: number;
  /** A name for this gate that no other process uses. */
  holder: string;
  /** Absent: this process has the account to itself. */
  shares?: ShareSource;
}

export interface Gate extends RequestGate {
  /** Gives its share back and lets nothing more in. */
  close(): Promise<void>;
}

/** A success widens the window by this much of a request; a refusal halves it. */
const Increase = 0.1;
/** How soon a share that has become too small may be asked for again, in milliseconds. */
const SoonestAskMs = 250;

/**
 * Admission to one target account for everything that this process does: additive increase, multiplicative decrease,
 * within the share that the account's limiter grants, and never more than the engineer allows. What the target says of
 * waiting holds for every request, not just the refused one. Durations are measured by a clock that only goes forward: one
 * that is set back must not keep everybody waiting for as long.
 */
export function createGate({ most, perMinute, grantMs, holder, shares }: GateOptions): Gate {
  let window = Math.min(most, 2);
  let running = 0;
  let closedUntil = 0;
  const waiting: (() => void)[] = [];

  let share = shares ? { granted: 0, perMinute, until: 0 } : { granted: most, perMinute, until: Infinity };
  let peak = 0;
  let asked = 0;
  let askedAt = -Infinity;
  let asking = false;
  /** Whether the limiter still counts more than what was last granted. */
  let owing = false;
  let closed = false;
  let renewal: NodeJS.Timeout | null = null;
  let tokens = 1;
  let refilledAt = performance.now();

  const later = (ms: number): void => {
    if (renewal) clearTimeout(renewal);
    renewal = setTimeout(() => void renew(), ms);
    renewal.unref();
  };

  const renew = async (): Promise<void> => {
    if (!shares || asking || closed) return;
    if (peak === 0 && running === 0 && waiting.length === 0) {
      const had = share.granted > 0;
      share = { granted: 0, perMinute, until: 0 };
      // Nothing is asked for before what was had is given back, or that would be given back instead.
      asking = true;
      if (had) await shares.release(holder).catch(() => {});
      asking = false;
      askedAt = -Infinity;
      if (waiting.length > 0) demand();
      return;
    }
    asking = true;
    const sent = performance.now();
    const want = Math.min(most, Math.max(1, peak, running + waiting.length));
    peak = 0;
    // Until the answer arrives, what was granted before it still lets requests in.
    const mayRun = sent < share.until ? Math.max(running, share.granted) : running;
    try {
      const closedForMs = Math.max(0, closedUntil - sent);
      const got = await shares.ask({ holder, want, running: mayRun, most, perMinute, grantMs, closedForMs });
      share = { granted: got.granted, perMinute: got.perMinute, until: sent + got.forMs };
      closedUntil = Math.max(closedUntil, sent + got.closedForMs);
      asked = want;
      askedAt = sent;
      owing = mayRun > got.granted;
      later(got.granted > 0 ? got.forMs / 2 : got.forMs / 8);
      giveWay();
    } catch {
      askedAt = sent;
      // Whoever coordinates cannot be reached: what was granted holds until it ends, and not a moment longer.
      later(Math.min(1_000, grantMs / 4));
    } finally {
      asking = false;
      admit();
    }
  };

  /** A share that has shrunk goes to the others once the limiter hears that no more than it is under way. */
  const giveWay = (): void => {
    if (!owing || running > share.granted) return;
    owing = false;
    later(Math.max(0, askedAt + SoonestAskMs - performance.now()));
  };

  /** Asks at once where nothing is granted, or where more is needed than was asked for. */
  const demand = (): void => {
    peak = Math.max(peak, running + waiting.length);
    if (!shares || asking || closed) return;
    const lapsed = performance.now() >= share.until;
    const more = Math.min(most, peak) > asked;
    if (askedAt === -Infinity) void renew();
    else if (lapsed || more) later(Math.max(0, askedAt + SoonestAskMs - performance.now()));
  };

  /** Whether the minute's limit lets one more in; else how long until it does, in milliseconds. */
  const token = (): number => {
    if (share.perMinute === null) return 0;
    const now = performance.now();
    const perMs = share.perMinute / 60_000;
    tokens = Math.min(Math.max(1, share.perMinute / 60), tokens + (now - refilledAt) * perMs);
    refilledAt = now;
    if (tokens >= 1) return 0;
    return perMs === 0 ? grantMs / 8 : (1 - tokens) / perMs;
  };

  let wake: NodeJS.Timeout | null = null;
  const wakeIn = (ms: number): void => {
    // Somebody waits for it: the process may have nothing else to stay for.
    wake ??= setTimeout(
      () => {
        wake = null;
        admit();
      },
      Math.max(1, ms),
    );
  };

  function admit(): void {
    if (closed) return;
    while (waiting.length > 0) {
      const now = performance.now();
      if (closedUntil > now) return wakeIn(closedUntil - now);
      if (now >= share.until) return demand();
      if (running >= Math.min(Math.floor(window), share.granted)) return;
      const wait = token();
      if (wait > 0) return wakeIn(wait);
      const next = waiting.shift();
      if (share.perMinute !== null) tokens -= 1;
      running += 1;
      next?.();
    }
  }

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
        demand();
        admit();
      });
      let left = false;
      return () => {
        if (left) return;
        left = true;
        running -= 1;
        giveWay();
        admit();
      };
    },
    report(result, details) {
      if (result === 'ok') window = Math.min(most, window + Increase);
      if (result === 'throttled') {
        window = Math.max(1, window / 2);
        closedUntil = Math.max(closedUntil, performance.now() + (details?.retryAfterMs ?? 0));
        // Those that share the account hear of it through the limiter.
        if (shares && !closed) later(Math.max(0, askedAt + SoonestAskMs - performance.now()));
      }
      admit();
    },
    async close() {
      closed = true;
      if (renewal) clearTimeout(renewal);
      if (wake) clearTimeout(wake);
      if (share.granted > 0) await shares?.release(holder).catch(() => {});
    },
  };
}
