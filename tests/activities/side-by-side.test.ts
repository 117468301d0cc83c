import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { sideBySide } from '../../activities/side-by-side.ts';

const never = new AbortController().signal;

describe('things that are worked on side by side', () => {
  test('are so many at a time, and what came of them is in their order', async () => {
    let underWay = 0;
    let most = 0;
    const made = await sideBySide([30, 1, 20, 5, 10], { atATime: 2, signal: never }, async (ms) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await sleep(ms);
      underWay -= 1;
      return `${ms} ms`;
    });
    expect(made).toEqual(['30 ms', '1 ms', '20 ms', '5 ms', '10 ms']);
    expect(most).toBe(2);
  });

  test('stop when one of them fails, and none goes on after that', async () => {
    const begun: string[] = [];
    const stopped: string[] = [];
    const working = sideBySide(['long', 'fails', 'later'], { atATime: 2, signal: never }, async (thing, signal) => {
      begun.push(thing);
      if (thing === 'fails') throw new Error('it fails');
      await sleep(60_000, undefined, { signal }).catch(() => {});
      await sleep(20);
      stopped.push(thing);
      throw new Error('stopped');
    });
    await expect(working).rejects.toThrow('it fails');
    expect(begun).toEqual(['long', 'fails']);
    expect(stopped).toEqual(['long']);
  });

  test('stop when they are told to, for the reason that is given', async () => {
    const telling = new AbortController();
    const working = sideBySide([1, 2, 3], { atATime: 1, signal: telling.signal }, async (_thing, signal) => {
      telling.abort(new Error('no longer wanted'));
      signal.throwIfAborted();
    });
    await expect(working).rejects.toThrow('no longer wanted');
  });

  test('are none where there are none', async () => {
    expect(await sideBySide([], { atATime: 2, signal: never }, async () => 'made')).toEqual([]);
  });
});
