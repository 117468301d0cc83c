import { setTimeout as sleep } from 'node:timers/promises';
import { LandfallError } from '../../model/errors.ts';
import type { TargetCall } from '../port.ts';
import { next } from './judge.ts';
import type { Session, TextRow } from './session.ts';

/**
 * Asks a target that is written to: through the gate, and again when it failed for a passing reason. For statements that
 * may be repeated.
 */
export async function asked(
  session: Session,
  call: TargetCall,
  sql: string,
  values: readonly unknown[] = [],
): Promise<TextRow[]> {
  return gated(session, call, () => session.query(sql, values));
}

/** As `asked`, for whatever may be repeated as a whole. */
export async function gated<T>(session: Session, call: TargetCall, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const leave = await call.gate.enter(call.signal);
    const started = performance.now();
    try {
      const answer = await ask();
      call.gate.report('ok', { latencyMs: performance.now() - started });
      return answer;
    } catch (error) {
      const what = next(error);
      const again = what.kind === 'again' ? what : null;
      call.gate.report(
        again?.throttled ? 'throttled' : 'failed',
        again?.throttled ? { retryAfterMs: again.waitMs } : {},
      );
      const passing = error instanceof LandfallError && error.kind === 'transient';
      if (!passing || attempt >= session.settings.target.tries) throw error;
      await sleep((again?.waitMs ?? 100) * attempt, undefined, call.signal ? { signal: call.signal } : {});
    } finally {
      leave();
    }
  }
}
