import { z } from 'zod';

/** One size, and what it took. */
export const Point = z.strictObject({
  size: z.number(),
  seconds: z.number(),
  /** Of its parts, by their names. */
  phases: z.record(z.string(), z.number()),
  peakMiB: z.number().nullable(),
  cpuSeconds: z.number().nullable(),
});
export type Point = z.infer<typeof Point>;

/** How something grows. */
export const Curve = z.strictObject({
  /** What grows: rows, entities, workers. */
  over: z.string(),
  points: z.array(Point).min(1),
  /** The least-squares slope of log seconds over log size: 1 is in proportion. Null of fewer than two points. */
  exponent: z.number().nullable(),
  /** A file beside the results. */
  picture: z.string(),
});
export type Curve = z.infer<typeof Curve>;

/** The slope of the straight line through the points' logarithms that is least wrong, by the squares of what it misses. */
export function exponentOf(points: readonly { size: number; seconds: number }[]): number | null {
  if (points.length < 2) return null;
  const logs = points.map((one) => [Math.log(one.size), Math.log(one.seconds)] as const);
  const mean = (of: (one: readonly [number, number]) => number): number =>
    logs.reduce((sum, one) => sum + of(one), 0) / logs.length;
  const [x, y] = [mean(([one]) => one), mean(([, one]) => one)];
  const spread = mean(([one]) => (one - x) ** 2);
  return spread === 0 ? null : mean(([one, other]) => (one - x) * (other - y)) / spread;
}
