import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyAccount, fairShares, grant, type Account, type ShareAsk } from '../../workflows/shares.ts';

const ask = (holder: string, of: Partial<ShareAsk> = {}): ShareAsk => ({
  holder,
  want: 8,
  running: 0,
  most: 8,
  perMinute: null,
  grantMs: 1_000,
  closedForMs: 0,
  ...of,
});

const taken = (account: Account): number =>
  account.holders.reduce((sum, one) => sum + Math.max(one.granted, one.running), 0);

describe('fair shares', () => {
  test('give nobody more than it wants, nobody less than another who wants as much, and leave nothing unused', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.array(fc.nat(20), { maxLength: 12 }), (total, wants) => {
        const shares = fairShares(total, wants);
        const given = shares.reduce((sum, one) => sum + one, 0);
        expect(given).toBe(
          Math.min(
            total,
            wants.reduce((sum, one) => sum + one, 0),
          ),
        );
        for (const [i, share] of shares.entries()) {
          expect(share).toBeLessThanOrEqual(wants[i] ?? 0);
          if (share === wants[i]) continue;
          for (const other of shares) expect(share).toBeGreaterThanOrEqual(other - 1);
        }
      }),
    );
  });
});

describe('an account', () => {
  test('is never granted beyond its limit, whoever asks when, and whatever is still under way', () => {
    const step = fc.record({
      holder: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      want: fc.integer({ min: 1, max: 12 }),
      still: fc.integer({ min: 0, max: 100 }),
      pause: fc.integer({ min: 0, max: 700 }),
      perMinute: fc.constantFrom(null, 600),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const account = emptyAccount();
        let now = 1_000;
        for (const { holder, want, still, pause, perMinute } of steps) {
          now += pause;
          // A holder has under way at most what it was last granted.
          const before = account.holders.find((one) => one.holder === holder && one.until > now);
          const running = before ? Math.floor((Math.max(before.granted, before.running) * still) / 100) : 0;
          const share = grant(account, ask(holder, { want, running, perMinute }), now);
          expect(share.granted).toBeLessThanOrEqual(want);
          expect(taken(account)).toBeLessThanOrEqual(8);
          const rate = account.holders.reduce((sum, one) => sum + one.perMinuteGranted, 0);
          expect(rate).toBeLessThanOrEqual(600.001);
        }
      }),
    );
  });

  test('is shared evenly once everybody has asked again', () => {
    const account = emptyAccount();
    expect(grant(account, ask('a'), 0).granted).toBe(8);
    expect(grant(account, ask('b'), 100).granted).toBe(0);
    expect(grant(account, ask('a', { running: 8 }), 500).granted).toBe(4);
    // What is still under way from the larger grant is not given to another.
    expect(grant(account, ask('b'), 600).granted).toBe(0);
    expect(grant(account, ask('a', { running: 4 }), 700).granted).toBe(4);
    expect(grant(account, ask('b'), 800).granted).toBe(4);
  });

  test('takes back the share of one that died', () => {
    const account = emptyAccount();
    grant(account, ask('dead'), 0);
    expect(grant(account, ask('alive'), 999).granted).toBe(0);
    expect(grant(account, ask('alive'), 1_001).granted).toBe(8);
  });

  test('goes round among more holders than it has places', () => {
    const account = emptyAccount();
    const served = new Map<string, number>();
    for (let now = 0; now < 20_000; now += 250) {
      for (const holder of ['a', 'b', 'c']) {
        const { granted } = grant(account, ask(holder, { most: 1, want: 1 }), now);
        served.set(holder, (served.get(holder) ?? 0) + granted);
      }
    }
    const counts = [...served.values()];
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(15);
    expect(counts.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(80);
  });

  test('keeps to the strictest limit of those at work', () => {
    const account = emptyAccount();
    expect(grant(account, ask('a'), 0).granted).toBe(8);
    grant(account, ask('b', { most: 4 }), 10);
    expect(grant(account, ask('a', { running: 0 }), 500).granted).toBe(2);
    expect(grant(account, ask('b', { most: 4 }), 510).granted).toBe(2);
  });

  test('tells everybody when the target wants to be left alone', () => {
    const account = emptyAccount();
    grant(account, ask('a', { closedForMs: 3_000 }), 0);
    expect(grant(account, ask('b'), 1_000).closedForMs).toBe(2_000);
  });
});
