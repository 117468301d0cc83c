import type { Curve } from './curve.ts';
import { picture, type Series } from './picture.ts';

/** What would be in proportion to the first point: as much more as the size, or as much less. */
function proportional({ points }: Curve, power: 1 | -1, of: (point: Curve['points'][number]) => number): Series {
  const [first] = points;
  const from = first ? of(first) / first.size ** power : 0;
  return {
    name: 'in proportion',
    dashed: true,
    points: points.map((one) => [one.size, from * one.size ** power]),
  };
}

/** A curve's time and memory, drawn side by side. */
export function curvePicture(name: string, curve: Curve): string {
  const { points, over } = curve;
  const byWorkers = over === 'workers';
  const load = points.map((one) => [one.size, one.phases['load'] ?? 0] as const);
  const time: Series[] = [
    { name: 'whole run', points: points.map((one) => [one.size, one.seconds]) },
    ...(byWorkers ? [{ name: 'its load', points: load }] : []),
    byWorkers
      ? proportional(curve, -1, (one) => one.phases['load'] ?? 0)
      : proportional(curve, 1, (one) => one.seconds),
  ];
  const scale = byWorkers ? 'linear' : 'logarithmic';
  const memory = points.flatMap((one) => (one.peakMiB === null ? [] : [[one.size, one.peakMiB] as const]));
  return picture(name, [
    { title: `Time over ${over}`, across: over, unit: 's', scale, series: time },
    ...(memory.length === 0
      ? []
      : [
          {
            title: byWorkers ? 'Memory, all workers' : 'Memory, highest',
            across: over,
            unit: 'MiB',
            scale: 'linear' as const,
            series: [{ name: 'resident', points: memory }],
          },
        ]),
  ]);
}
