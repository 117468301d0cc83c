import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hundredths } from '../against.ts';
import { finding } from '../finding.ts';
import { curveOf, measuredOnce, pointOf, shown, type Grown } from '../growth.ts';
import type { Bench, Measure } from '../measure.ts';
import { wholeRun } from '../whole-run.ts';
import { openYard } from '../yard.ts';

/** What every request to the service takes: far more than a worker's own work, so that waiting is what is shared. */
const LatencyMs = 1_500;
/** Requests that one worker has under way: steps on rows at a time, by batches of each. */
const RequestsAWorker = 8;
const ChunksAWorker = 4;

/** Into a service that answers every request late: with so many workers as each size says. */
async function growWorkers(bench: Bench, sizes: readonly number[], rows: number): Promise<Grown> {
  const grown: Grown = { points: [], temporal: '' };
  const most = Math.max(...sizes);
  for (const size of sizes) {
    const yard = await openYard(bench, {
      rows,
      limits: { fixedLatencyMs: LatencyMs },
      options: {
        chunkRows: Math.max(1, Math.ceil(rows / most / ChunksAWorker)),
        chunkFanOut: most * ChunksAWorker,
        targetConcurrency: most * RequestsAWorker,
      },
    });
    grown.temporal = yard.temporal;
    try {
      const workers = await Promise.all(Array.from({ length: size }, () => yard.readyWorker()));
      const one = await wholeRun(yard, `bench-growth-workers-${size}`, workers);
      bench.log(`  ${size} workers: ${one.seconds} s, loading ${one.phases['load'] ?? '?'} s`);
      grown.points.push(pointOf(size, one));
    } finally {
      await yard.close();
      await rm(join(bench.folder, 'yard'), { recursive: true, force: true });
    }
  }
  return grown;
}

/** How the time of a load shrinks with workers, where waiting for the service is most of it. */
export const growthWorkers: Measure = {
  name: 'growth-workers',
  long: true,
  async run(bench) {
    const { growthWorkers: sizes, growthWorkersRows: rows } = bench.sizes;
    const { points, temporal } = await growWorkers(bench, sizes, rows);
    const [alone, together] = [points[0], points.at(-1)];
    const loads = [alone, together].map((one) => one?.phases['load'] ?? null);
    const faster = loads[0] && loads[1] ? loads[0] / loads[1] : null;
    return [
      finding({
        measure: `load of ${shown(rows)} rows by ${together?.size ?? 0} workers, ${LatencyMs} ms a request`,
        unit: 's',
        ours: loads[1] ?? null,
        peer: loads[0] ?? null,
        peerName: `by ${alone?.size ?? 0}`,
        ratio: faster === null ? null : hundredths(faster),
        peakRssMiB: { ours: together?.peakMiB ?? null, peer: alone?.peakMiB ?? null },
        cpuSeconds: { ours: together?.cpuSeconds ?? null, peer: alone?.cpuSeconds ?? null },
        command: { ours: 'landfall worker', peer: 'landfall worker' },
        note: `The load alone; memory and processor time are of the whole run, all workers together. The sandbox's cloud CRM, ${RequestsAWorker} requests in flight for each worker; reading back is one page after the other, however many workers there are. ${measuredOnce(temporal)}`,
        curve: curveOf('workers', points),
      }),
    ];
  },
};
