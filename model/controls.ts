import { z } from 'zod';
import { Name } from './names.ts';

/** What a control computes over the rows it selects. */
export const Measure = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('count') }),
  z.strictObject({ kind: z.literal('countDistinct'), of: z.string() }),
  z.strictObject({ kind: z.literal('sum'), of: z.string(), scale: z.int().min(0).max(20) }),
]);
export type Measure = z.infer<typeof Measure>;

/**
 * One side of a control. Expressions are plain SQL over that side's own columns, written for the control alone: a
 * control that borrowed the mapping's expressions would prove nothing about the mapping.
 */
export const ControlSide = z.strictObject({
  /** The entity (or lines) whose table or collection is read. */
  of: z.string(),
  where: z.string().optional(),
  by: z.record(z.string(), z.string()),
  measure: Measure,
});
export type ControlSide = z.infer<typeof ControlSide>;

/** A figure computed on both sides, or on the target alone against a fixed expectation. */
export const Control = z.strictObject({
  name: Name,
  title: z.string().min(1),
  source: ControlSide.optional(),
  target: ControlSide,
  /** Instead of a source side: the value that the figure must have, for example 0. */
  expected: z.string().optional(),
  /** What the figure is stated in: `units`, `CHF`, `persons`. */
  unit: z.string(),
});
export type Control = z.infer<typeof Control>;
