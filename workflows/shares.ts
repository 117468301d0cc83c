/** What a process that writes to a target's account asks of the account's limiter. Names, numbers and nothing else. */
export interface ShareAsk {
  /** The process, or one run's share of it; opaque. */
  holder: string;
  /** Requests that it would have under way at a time, if it could. */
  want: number;
  /** Requests that it has under way now, or may have before it hears the answer, whatever it was granted before. */
  running: number;
  /** The most that its engineer allows for the whole account; the strictest of those at work holds. */
  most: number;
  /** Requests a minute that its engineer allows for the whole account, or null for no such limit. */
  perMinute: number | null;
  /** How long a grant lasts, in milliseconds. */
  grantMs: number;
  /** For how much longer the target has told it to stay away, in milliseconds. */
  closedForMs: number;
}

/** What it gets. Durations, because clocks differ: they count from when the question was sent. */
export interface Share {
  /** Requests under way at a time. 0: ask again. */
  granted: number;
  perMinute: number | null;
  /** How long the grant lasts, in milliseconds. */
  forMs: number;
  /** For how long nobody may send anything, in milliseconds. */
  closedForMs: number;
}

export interface Holder extends ShareAsk {
  granted: number;
  perMinuteGranted: number;
  /** When the grant ends, in milliseconds since the epoch. */
  until: number;
  /** Since when it has had something, or has waited for it: those who wait longest come first. */
  since: number;
}

/** An account's state: who holds how much, and until when the target wants to be left alone. */
export interface Account {
  holders: Holder[];
  closedUntil: number;
}

export function emptyAccount(): Account {
  return { holders: [], closedUntil: 0 };
}

/** Forgets those whose grants have ended: a process that died, or that has nothing more to send. */
export function expire(account: Account, now: number): void {
  account.holders = account.holders.filter((one) => one.until > now);
}

export function leave(account: Account, holder: string): void {
  account.holders = account.holders.filter((one) => one.holder !== holder);
}

/** What a holder takes up: what it was granted, or what it still has under way from a larger grant. */
function charge(holder: Holder): number {
  return Math.max(holder.granted, holder.running);
}

/**
 * Max-min fairness in whole requests: nobody gets more than it wants, and nobody less than another who wants more,
 * but for a remainder, which goes to those that come first.
 *
 * @returns a share for each want, in the same order, that together are at most `total`
 */
export function fairShares(total: number, wants: readonly number[]): number[] {
  const shares = wants.map(() => 0);
  for (let left = total; left > 0;) {
    const open = wants.flatMap((want, i) => (want > (shares[i] ?? 0) ? [i] : []));
    if (open.length === 0) break;
    for (const i of open.slice(0, left)) shares[i] = (shares[i] ?? 0) + 1;
    left -= Math.min(left, open.length);
  }
  return shares;
}

/**
 * Grants a share of an account. Together, holders never have more than the strictest of them allows: one whose share
 * shrinks is charged for what it still has under way, and one that comes late waits until others have given way.
 */
export function grant(account: Account, ask: ShareAsk, now: number): Share {
  expire(account, now);
  account.closedUntil = Math.max(account.closedUntil, now + ask.closedForMs);
  const known = account.holders.find((one) => one.holder === ask.holder);
  const fresh = { granted: 0, perMinuteGranted: 0, since: now };
  const holder: Holder = { ...fresh, ...known, ...ask, until: now + ask.grantMs };
  const others = account.holders.filter((one) => one.holder !== ask.holder);
  // Each keeps its place, so that of two who have waited equally long the same one always comes first.
  account.holders = known ? account.holders.map((one) => (one === known ? holder : one)) : [...others, holder];

  // Those that wait come first, the longest wait before the others; then those that have been served the least long.
  const queue = account.holders.toSorted((a, b) => Number(a.granted > 0) - Number(b.granted > 0) || a.since - b.since);
  const most = Math.min(...queue.map((one) => one.most));
  const shares = fairShares(
    most,
    queue.map((one) => one.want),
  );
  const fair = shares[queue.indexOf(holder)] ?? 0;
  const taken = others.reduce((sum, one) => sum + charge(one), 0);
  const granted = Math.max(0, Math.min(fair, most - taken));
  if (granted > 0 !== holder.granted > 0) holder.since = now;
  holder.granted = granted;

  const limits = queue.flatMap((one) => (one.perMinute === null ? [] : [one.perMinute]));
  const perMinute = limits.length === 0 ? null : Math.min(...limits);
  if (perMinute !== null) {
    const all = account.holders.reduce((sum, one) => sum + one.granted, 0);
    const given = others.reduce((sum, one) => sum + one.perMinuteGranted, 0);
    holder.perMinuteGranted = all === 0 ? 0 : Math.max(0, Math.min((perMinute * granted) / all, perMinute - given));
  }
  return {
    granted,
    perMinute: perMinute === null ? null : holder.perMinuteGranted,
    forMs: ask.grantMs,
    closedForMs: Math.max(0, account.closedUntil - now),
  };
}
