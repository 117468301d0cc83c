import { z } from 'zod';
import { seeded, type Random } from '../legacy-crm/random.ts';

/** What can go wrong with a request, on demand. */
export const FaultKind = z.enum([
  'throttle',
  'unavailable',
  'reset-before-commit',
  'reset-after-commit',
  'slow',
  'expire-token',
  'false-success',
  'duplicate-as-500',
]);
export type FaultKind = z.infer<typeof FaultKind>;

export const FaultRule = z.strictObject({
  kind: FaultKind,
  /** Which requests: by the service's own name for them. */
  on: z.enum(['any', 'batch', 'read', 'write', 'file']).default('any'),
  /** Chance of each matching request, decided by the seeded plan. */
  probability: z.number().min(0).max(1).default(1),
  /** Let this many matching requests pass first. */
  after: z.int().min(0).default(0),
  /** Strike at most so often. */
  times: z.int().min(1).default(Number.MAX_SAFE_INTEGER),
  /** For `slow`: milliseconds. For `throttle` and `unavailable`: seconds to wait. */
  amount: z.number().min(0).default(1),
});
export type FaultRule = z.infer<typeof FaultRule>;

export const FaultPlan = z.strictObject({ seed: z.int().default(1), rules: z.array(FaultRule).default([]) });
export type FaultPlan = z.infer<typeof FaultPlan>;

/** Decides, request by request, what goes wrong. The same plan and the same requests give the same faults. */
export class Faults {
  #rules: (FaultRule & { seen: number; struck: number })[] = [];
  #random: Random = seeded(1);

  set(plan: FaultPlan): void {
    this.#rules = plan.rules.map((rule) => ({ ...rule, seen: 0, struck: 0 }));
    this.#random = seeded(plan.seed);
  }

  next(on: 'batch' | 'read' | 'write' | 'file'): FaultRule | null {
    for (const rule of this.#rules) {
      if (rule.on !== 'any' && rule.on !== on) continue;
      rule.seen += 1;
      if (rule.seen <= rule.after || rule.struck >= rule.times || !this.#random.chance(rule.probability)) continue;
      rule.struck += 1;
      return rule;
    }
    return null;
  }
}
