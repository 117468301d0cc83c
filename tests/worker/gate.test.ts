import { describe, expect, test } from 'vitest';
import { createGate } from '../../worker/gate.ts';

describe('the gate to a target account', () => {
  test('never lets in more than the engineer allows, however well it goes', async () => {
    const gate = createGate(4);
    for (let i = 0; i < 200; i += 1) gate.report('ok');
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const leave = await gate.enter();
        running += 1;
        most = Math.max(most, running);
        await new Promise((next) => setImmediate(next));
        running -= 1;
        leave();
      }),
    );
    expect(most).toBe(4);
  });

  test('waits as long as the target asks, with every request', async () => {
    const gate = createGate(4);
    gate.report('throttled', { retryAfterMs: 120 });
    const started = performance.now();
    const leave = await gate.enter();
    leave();
    expect(performance.now() - started).toBeGreaterThanOrEqual(110);
  });

  test('takes a place given back twice as given back once', async () => {
    const gate = createGate(1);
    const first = await gate.enter();
    first();
    first();
    await gate.enter();
    const signal = AbortSignal.timeout(50);
    await expect(gate.enter(signal)).rejects.toThrow('timeout');
  });
});
