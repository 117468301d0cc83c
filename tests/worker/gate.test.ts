import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createGate, type GateOptions } from '../../worker/gate.ts';
import { emptyAccount, grant, leave } from '../../workflows/shares.ts';

const alone = (most: number): GateOptions => ({ most, perMinute: null, grantMs: 1_000, holder: 'me' });

describe('the gate to a target account', () => {
  test('never lets in more than the engineer allows, however well it goes', async () => {
    const gate = createGate(alone(4));
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
    const gate = createGate(alone(4));
    gate.report('throttled', { retryAfterMs: 120 });
    const started = performance.now();
    const leave = await gate.enter();
    leave();
    expect(performance.now() - started).toBeGreaterThanOrEqual(110);
  });

  test('keeps a process that has nothing else to do for as long as somebody waits', () => {
    const program = `
      import { createGate } from ${JSON.stringify(fileURLToPath(new URL('../../worker/gate.ts', import.meta.url)))};
      const gate = createGate(${JSON.stringify(alone(4))});
      gate.report('throttled', { retryAfterMs: 120 });
      await gate.enter();
      console.log('entered');`;
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(ran).toMatchObject({ status: 0, stdout: 'entered\n' });
  });

  test.each([-86_400_000, 86_400_000])('counts on as before when this machine’s clock is set by %s ms', async (by) => {
    const gate = createGate({ ...alone(4), perMinute: 60_000 });
    (await gate.enter())();
    gate.report('throttled', { retryAfterMs: 120 });
    const { now } = Date;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now.call(Date) + by);
    onTestFinished(() => clock.mockRestore());
    const started = performance.now();
    for (let n = 0; n < 3; n += 1) (await gate.enter(AbortSignal.timeout(5_000)))();
    expect(performance.now() - started).toBeGreaterThanOrEqual(110);
  });

  test('takes a place given back twice as given back once', async () => {
    const gate = createGate(alone(1));
    const first = await gate.enter();
    first();
    first();
    await gate.enter();
    const signal = AbortSignal.timeout(50);
    await expect(gate.enter(signal)).rejects.toThrow('timeout');
  });
});

describe('gates that share an account', () => {
  const account = emptyAccount();
  const gate = (holder: string, of: Partial<GateOptions> = {}): ReturnType<typeof createGate> =>
    createGate({
      most: 6,
      perMinute: null,
      grantMs: 200,
      holder,
      shares: {
        ask: (ask) => Promise.resolve(grant(account, ask, Date.now())),
        release: (one) => Promise.resolve(leave(account, one)),
      },
      ...of,
    });

  test('never have more under way together than the account may, and each gets through', async () => {
    const gates = ['a', 'b', 'c'].map((holder) => gate(holder));
    for (const one of gates) for (let i = 0; i < 100; i += 1) one.report('ok');
    let running = 0;
    let most = 0;
    const done = [0, 0, 0];
    await Promise.all(
      gates.map((one, i) =>
        Promise.all(
          Array.from({ length: 60 }, async () => {
            const leaves = await one.enter();
            running += 1;
            most = Math.max(most, running);
            await new Promise((next) => setTimeout(next, 5));
            running -= 1;
            done[i] = (done[i] ?? 0) + 1;
            leaves();
          }),
        ),
      ),
    );
    expect(most).toBeLessThanOrEqual(6);
    expect(done).toEqual([60, 60, 60]);
    await Promise.all(gates.map((one) => one.close()));
    expect(account.holders).toEqual([]);
  });

  test('never have more under way than the account may while an answer is on its way', async () => {
    let answered = Promise.resolve();
    const asked = vi.fn<() => void>();
    const first = gate('first', {
      grantMs: 2_000,
      shares: {
        ask: async (ask) => {
          const share = grant(account, ask, Date.now());
          asked();
          await answered;
          return share;
        },
        release: (one) => Promise.resolve(leave(account, one)),
      },
    });
    const second = gate('second', { grantMs: 2_000 });
    for (const one of [first, second]) for (let i = 0; i < 100; i += 1) one.report('ok');
    let running = 0;
    const enter = async (through: typeof first): Promise<() => void> => {
      const leaves = await through.enter();
      running += 1;
      return () => {
        running -= 1;
        leaves();
      };
    };
    // All of the account goes to the first, which has one request left when the second comes and the first asks anew.
    const all = await Promise.all(Array.from({ length: 6 }, () => enter(first)));
    const waiting = Array.from({ length: 3 }, () => enter(second));
    for (const leaves of all.slice(1)) leaves();
    let arrive = (): void => {};
    answered = new Promise((resolve) => (arrive = resolve));
    asked.mockClear();
    await expect.poll(() => asked.mock.calls.length).toBe(1);
    // Before it hears that it has half of what it had, five more are let in.
    const more = await Promise.all(Array.from({ length: 5 }, () => enter(first)));
    const watched = performance.now() + 800;
    while (performance.now() < watched) {
      expect(running).toBeLessThanOrEqual(6);
      await new Promise((next) => setTimeout(next, 20));
    }
    // Once it has heard and given way, the second gets its share.
    arrive();
    answered = Promise.resolve();
    for (const leaves of more) leaves();
    expect((await Promise.all(waiting)).length).toBe(3);
    await Promise.all([first.close(), second.close()]);
  });

  test('let nothing in on a share that is being given back', async () => {
    const held: (() => void)[] = [];
    const idle = gate('idle', {
      shares: {
        ask: (ask) => Promise.resolve(grant(account, ask, Date.now())),
        release: async (one) => {
          await new Promise<void>((resolve) => held.push(resolve));
          leave(account, one);
        },
      },
    });
    (await idle.enter())();
    await expect.poll(() => held.length).toBe(1);
    const entered = vi.fn<(leaves: () => void) => void>();
    const entering = idle.enter().then(entered);
    await new Promise((next) => setTimeout(next, 40));
    expect(entered).not.toHaveBeenCalled();
    held[0]?.();
    await entering;
    expect(account.holders.map((one) => one.holder)).toEqual(['idle']);
    entered.mock.calls[0]?.[0]();
    await expect.poll(() => held.length).toBe(2);
    held[1]?.();
    await idle.close();
  });

  test('let nothing in once a grant has ended and whoever grants cannot be reached', async () => {
    let reachable = true;
    const cut = gate('cut', {
      shares: {
        ask: (ask) =>
          reachable ? Promise.resolve(grant(account, ask, Date.now())) : Promise.reject(new Error('unreachable')),
        release: () => Promise.resolve(),
      },
    });
    // Of two requests one stays under way: a gate with nothing to do would have given its share back by itself.
    const [leaveOne, leave] = await Promise.all([cut.enter(), cut.enter()]);
    leaveOne();
    reachable = false;
    await new Promise((next) => setTimeout(next, 250));
    await expect(cut.enter(AbortSignal.timeout(150))).rejects.toThrow('timeout');
    reachable = true;
    (await cut.enter())();
    leave();
    await cut.close();
  });

  test('leave the target alone together when it tells one of them to wait', async () => {
    const [told, other] = [gate('told', { grantMs: 4_000 }), gate('other', { grantMs: 400 })];
    (await told.enter())();
    (await other.enter())();
    told.report('throttled', { retryAfterMs: 1_500 });
    const started = performance.now();
    // The one told passes it on at once, and not only when it would have asked again; the other asks twice a grant.
    await new Promise((next) => setTimeout(next, 700));
    (await other.enter())();
    expect(performance.now() - started).toBeGreaterThanOrEqual(1_350);
    await Promise.all([told.close(), other.close()]);
  });

  test('keep to the requests that a minute may see', async () => {
    const slow = gate('slow', { perMinute: 1_200 });
    const started = performance.now();
    for (let i = 0; i < 30; i += 1) (await slow.enter())();
    // 20 a second, of which one second's worth may go at once.
    expect(performance.now() - started).toBeGreaterThanOrEqual(400);
    await slow.close();
  });
});
