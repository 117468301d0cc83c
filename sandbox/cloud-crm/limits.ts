import { z } from 'zod';
import { problems } from './problem.ts';

/** Service protection limits, after Dataverse's: requests within a sliding window, and requests at the same time. */
export const Limits = z.strictObject({
  concurrent: z.int().min(1).default(52),
  requestsPerWindow: z.int().min(1).default(6000),
  windowMs: z.int().min(1).default(300_000),
  aggregateRows: z.int().min(1).default(50_000),
  fixedLatencyMs: z.number().min(0).default(0),
  /** Rows that writes may have a second; beyond it the service answers slower. 0 is without bound. */
  rowsPerSecond: z.number().min(0).default(0),
});
export type Limits = z.infer<typeof Limits>;

/** Counts requests as the service protection limits do. */
export class Protection {
  readonly #limits: Limits;
  #times: number[] = [];
  #running = 0;
  #freeAt = 0;
  highest = 0;
  /** Requests that were told to wait. */
  throttled = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @throws ODataProblem 429 with Retry-After */
  enter(): () => void {
    const now = Date.now();
    this.#times = this.#times.filter((time) => time > now - this.#limits.windowMs);
    if (this.#times.length >= this.#limits.requestsPerWindow) {
      const wait = (this.#times[0] ?? now) + this.#limits.windowMs - now;
      this.throttled += 1;
      throw problems.busy(Math.max(1, Math.ceil(wait / 1000)));
    }
    if (this.#running >= this.#limits.concurrent) {
      this.throttled += 1;
      throw problems.busy(1, '0x80072326');
    }
    this.#times.push(now);
    this.#running += 1;
    this.highest = Math.max(this.highest, this.#running);
    return () => void (this.#running -= 1);
  }

  measureAnew(): void {
    this.highest = this.#running;
  }

  /** Milliseconds that a request with so many rows has to take. */
  delay(rows: number): number {
    const { fixedLatencyMs, rowsPerSecond } = this.#limits;
    if (rowsPerSecond === 0) return fixedLatencyMs;
    const now = Date.now();
    this.#freeAt = Math.max(now, this.#freeAt) + (rows / rowsPerSecond) * 1000;
    return Math.max(fixedLatencyMs, this.#freeAt - now);
  }
}
