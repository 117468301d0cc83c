import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeKeyPair } from '../cli/people.ts';
import { exponentOf, type Curve, type Point } from './curve.ts';
import { finding, type Finding } from './finding.ts';
import type { Bench } from './measure.ts';
import { ledgerConfig } from './ours/ledger.ts';
import { openRuns } from './runs.ts';
import { wholeRun, type WholeRun } from './whole-run.ts';

export const shown = (size: number): string => size.toLocaleString('en-GB');

/** What was measured at each size, and on which Temporal server. */
export interface Grown {
  points: Point[];
  temporal: string;
}

export const pointOf = (size: number, { seconds, phases, peakMiB, cpuSeconds }: WholeRun): Point => ({
  size,
  seconds,
  phases,
  peakMiB,
  cpuSeconds,
});

/** A whole run at each size, from one PostgreSQL into another that is empty, each with a new worker. */
export async function grow(
  bench: Bench,
  sizes: readonly number[],
  of: { name: string; blueprint(size: number, folder: string): Promise<string>; source(size: number): Promise<string> },
  tables: (size: number) => readonly string[],
): Promise<Grown> {
  const database = await bench.database();
  const { port } = database.server;
  const grown: Grown = { points: [], temporal: '' };
  for (const size of sizes) {
    const source = await of.source(size);
    const target = await database.empty(tables(size));
    const folder = join(bench.folder, `${of.name}-${size}`);
    await mkdir(folder);
    const blueprint = await of.blueprint(size, folder);
    const publicKey = makeKeyPair().publicKey;
    const runs = await openRuns(folder, bench.log, (temporal) =>
      ledgerConfig(
        { port, database: source, folder },
        {
          temporal,
          blueprint,
          publicKey,
          target: { kind: 'postgres', host: '127.0.0.1', port, database: target, user: 'postgres' },
        },
      ),
    );
    grown.temporal = runs.temporal;
    try {
      const one = await wholeRun(runs, `bench-growth-${of.name}-${size}`, [await runs.readyWorker()]);
      bench.log(`  ${shown(size)} ${of.name}: ${one.seconds} s, ${one.peakMiB ?? '?'} MiB`);
      grown.points.push(pointOf(size, one));
    } finally {
      await runs.close();
      await database.drop(target);
      await rm(folder, { recursive: true, force: true });
    }
  }
  return grown;
}

/** The curve of points over what grew. */
export function curveOf(over: string, points: Point[]): Curve {
  const exponent = exponentOf(points);
  return {
    over,
    points,
    exponent: exponent === null ? null : Math.round(exponent * 1000) / 1000,
    picture: `pictures/growth-${over}.svg`,
  };
}

export const span = (points: readonly Point[]): string => points.map((one) => shown(one.size)).join(', ');

/** What is said of time and memory by a curve's ends. */
export function grownFinding(
  curve: Curve,
  of: { measure: string; aim: string | null; met: boolean | null; note: string },
): Finding {
  const [first, last] = [curve.points[0], curve.points.at(-1)];
  return finding({
    measure: of.measure,
    unit: 'exponent',
    ours: curve.exponent,
    aim: of.aim,
    met: of.met,
    peakRssMiB: { ours: last?.peakMiB ?? null, peer: first?.peakMiB ?? null },
    peerName: `ours at ${shown(first?.size ?? 0)} (memory)`,
    cpuSeconds: { ours: last?.cpuSeconds ?? null, peer: first?.cpuSeconds ?? null },
    command: { ours: 'landfall run ledger --as emil', peer: null },
    note: of.note,
    curve,
  });
}

/** How each point of a curve was measured. */
export const measuredOnce = (temporal: string): string =>
  `Measured once each, from the start of the run to its report, by the run's own history; a new worker each time, on ${temporal}.`;
