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
  for (let attempt = 1; ; attempt += 1) {
    const leave = await call.gate.enter(call.signal);
    const started = performance.now();
    try {
      const rows = await session.query(sql, values);
      call.gate.report('ok', { latencyMs: performance.now() - started });
      return rows;
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
