import { fileURLToPath } from 'node:url';
import { BooksTables } from '../database.ts';
import { curveOf, grow, grownFinding, measuredOnce, span, type Grown } from '../growth.ts';
import type { Bench, Measure } from '../measure.ts';

const AimExponent = 1.05;

/** Moves ledgers of these sizes from one PostgreSQL into another. */
export async function growRows(bench: Bench, sizes: readonly number[]): Promise<Grown> {
  const database = await bench.database();
  return grow(
    bench,
    sizes,
    {
      name: 'rows',
      blueprint: () => Promise.resolve(fileURLToPath(new URL('../two-tables.ts', import.meta.url))),
      source: (size) => database.books(size),
    },
    () => BooksTables,
  );
}

/** How a whole run's time and memory grow with rows. */
export const growthRows: Measure = {
  name: 'growth-rows',
  long: true,
  async run(bench) {
    const { points, temporal } = await growRows(bench, bench.sizes.growthRows);
    const curve = curveOf('rows', points);
    return [
      grownFinding(curve, {
        measure: `growth of a whole run with rows: ${span(points)}`,
        aim: `time grows with an exponent of at most ${AimExponent}`,
        met: curve.exponent === null ? null : curve.exponent <= AimExponent,
        note: `Least squares of log time over log rows, on these points; a run's fixed seconds make it smaller where sizes are small. PostgreSQL to PostgreSQL, ledger lines and their headers. ${measuredOnce(temporal)}`,
      }),
    ];
  },
};
