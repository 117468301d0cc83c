import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeKeyPair } from '../../cli/people.ts';
import { hundredths } from '../against.ts';
import { exponentOf, type Curve, type Point } from '../curve.ts';
import { BooksTables, kindTables } from '../database.ts';
import { finding, type Finding } from '../finding.ts';
import { RowsAnEntity } from '../many-entities.ts';
import type { Bench, Measure } from '../measure.ts';
import { ledgerConfig } from '../ours/ledger.ts';
import { openRuns } from '../runs.ts';
import { wholeRun, type WholeRun } from '../whole-run.ts';
import { openYard } from '../yard.ts';

const AimExponent = 1.05;
/** What every request to the service takes: far more than a worker's own work, so that waiting is what is shared. */
const LatencyMs = 1_500;
/** Requests that one worker has under way: steps on rows at a time, by batches of each. */
const RequestsAWorker = 8;
const ChunksAWorker = 4;

const shown = (size: number): string => size.toLocaleString('en-GB');

interface Grown {
  points: Point[];
  temporal: string;
}

const pointOf = (size: number, { seconds, phases, peakMiB, cpuSeconds }: WholeRun): Point => ({
  size,
  seconds,
  phases,
  peakMiB,
  cpuSeconds,
});

/** A whole run at each size, from one PostgreSQL into another that is empty, each with a new worker. */
async function grow(
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

function curveOf(over: string, points: Point[]): Curve {
  const exponent = exponentOf(points);
  return {
    over,
    points,
    exponent: exponent === null ? null : Math.round(exponent * 1000) / 1000,
    picture: `pictures/growth-${over}.svg`,
  };
}

const span = (points: readonly Point[]): string => points.map((one) => shown(one.size)).join(', ');

/** What is said of time and memory by a curve's ends. */
function grownFinding(
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

/** How a whole run's time and memory grow: with rows, with entities, and how they shrink with workers. */
export const growth: Measure = {
  name: 'growth',
  long: true,
  async run(bench) {
    const { growthRows, growthEntities, growthWorkers, growthWorkersRows } = bench.sizes;
    const database = await bench.database();
    const rows = await grow(
      bench,
      growthRows,
      {
        name: 'rows',
        blueprint: () => Promise.resolve(fileURLToPath(new URL('../two-tables.ts', import.meta.url))),
        source: (size) => database.books(size),
      },
      () => BooksTables,
    );
    const entities = await grow(
      bench,
      growthEntities,
      {
        name: 'entities',
        async blueprint(size, folder) {
          const from = fileURLToPath(new URL('../many-entities.ts', import.meta.url));
          const file = join(folder, 'blueprint.ts');
          await writeFile(
            file,
            `import { manyEntities } from ${JSON.stringify(from)};\nexport default manyEntities(${size});\n`,
          );
          return file;
        },
        source: (size) => database.kinds(size),
      },
      kindTables,
    );
    const workers = await growWorkers(bench, growthWorkers, growthWorkersRows);
    const byRows = curveOf('rows', rows.points);
    const byEntities = curveOf('entities', entities.points);
    const byWorkers = curveOf('workers', workers.points);
    const [alone, together] = [workers.points[0], workers.points.at(-1)];
    const loads = [alone, together].map((one) => one?.phases['load'] ?? null);
    const faster = loads[0] && loads[1] ? loads[0] / loads[1] : null;
    const once = `Measured once each, from the start of the run to its report, by the run's own history; a new worker each time, on ${rows.temporal}.`;
    return [
      grownFinding(byRows, {
        measure: `growth of a whole run with rows: ${span(rows.points)}`,
        aim: `time grows with an exponent of at most ${AimExponent}`,
        met: byRows.exponent === null ? null : byRows.exponent <= AimExponent,
        note: `Least squares of log time over log rows, on these points; a run's fixed seconds make it smaller where sizes are small. PostgreSQL to PostgreSQL, ledger lines and their headers. ${once}`,
      }),
      grownFinding(byEntities, {
        measure: `growth of a whole run with entities of ${RowsAnEntity} rows: ${span(entities.points)}`,
        aim: null,
        met: null,
        note: `Least squares of log time over log entities, on these points; a run's fixed seconds make it smaller. PostgreSQL to PostgreSQL. ${once}`,
      }),
      finding({
        measure: `load of ${shown(growthWorkersRows)} rows by ${together?.size ?? 0} workers, ${LatencyMs} ms a request`,
        unit: 's',
        ours: loads[1] ?? null,
        peer: loads[0] ?? null,
        peerName: `by ${alone?.size ?? 0}`,
        ratio: faster === null ? null : hundredths(faster),
        peakRssMiB: { ours: together?.peakMiB ?? null, peer: alone?.peakMiB ?? null },
        cpuSeconds: { ours: together?.cpuSeconds ?? null, peer: alone?.cpuSeconds ?? null },
        command: { ours: 'landfall worker', peer: 'landfall worker' },
        note: `The load alone; memory and processor time are of the whole run, all workers together. The sandbox's cloud CRM, ${RequestsAWorker} requests in flight for each worker; reading back is one page after the other, however many workers there are. ${once}`,
        curve: byWorkers,
      }),
    ];
  },
};
