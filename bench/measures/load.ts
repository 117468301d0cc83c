import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { hundredths } from '../against.ts';
import { emptyCloud } from '../cloud.ts';
import { typed } from '../contest.ts';
import { finding, type Finding } from '../finding.ts';
import type { Bench, Measure } from '../measure.ts';
import { node } from '../node.ts';
import { runProcess } from '../process.ts';

const Said = z.object({ seconds: z.number(), rows: z.number() });

/** Rows a second that the service declares to take, and how long it takes over a request at least. */
const Capacity = { rowsPerSecond: 400, fixedLatencyMs: 150 };
/** The service's limit, as Dataverse has it but smaller: so many requests within a sliding window, then 429. */
const Window = { requestsPerWindow: 40, windowMs: 20_000 };
const RowsARequest = 100;
/** Requests of a load that carry no rows, at most: metadata, and a few questions. */
const Beside = 10;
/** Enough for several chunks to be under way. */
const ChunkRows = 5_000;

interface Loaded {
  seconds: number;
  rows: number;
  /** Requests that the service let in, those of every kind. */
  requests: number;
  peakMiB: number | null;
  cpuSeconds: number | null;
  command: string;
}

async function loadOnce(bench: Bench, rows: number, limits: object, round: number): Promise<Loaded> {
  const database = await bench.database();
  const ledger = await database.ledger(rows);
  const folder = join(bench.folder, `load-${round}`);
  await mkdir(folder);
  const { cloud, settings } = await emptyCloud(database, { folder, limits });
  try {
    const target = join(folder, 'target.json');
    await writeFile(target, JSON.stringify(settings));
    const program = fileURLToPath(new URL('../ours/load.ts', import.meta.url));
    const at = [`--port=${database.server.port}`, `--database=${ledger}`, `--folder=${folder}`, `--target=${target}`];
    const command = [...node(), program, ...at, `--chunk-rows=${ChunkRows}`];
    const ran = await runProcess(command);
    const said = Said.parse(JSON.parse(ran.stdout));
    if (said.rows !== rows) throw new Error(`loaded ${said.rows} rows of ${rows}`);
    const { peakMiB, cpuSeconds } = ran;
    const shown = typed(command, folder);
    const { requests, throttled } = cloud.stats();
    return { ...said, requests: requests - throttled, peakMiB, cpuSeconds, command: shown };
  } finally {
    await cloud.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param allowed rows a second that the target would have let in, by what was sent */
async function loads(
  bench: Bench,
  of: { measure: string; limits: object; rows: number; peerName: string; aim: string; note: string },
  allowed: (loaded: Loaded) => number,
): Promise<Finding> {
  let best: Loaded | null = null;
  const rounds: number[] = [];
  for (let round = 1; round <= bench.sizes.rounds; round += 1) {
    const one = await loadOnce(bench, of.rows, of.limits, round);
    const rate = one.rows / one.seconds;
    bench.log(`  ${of.measure}, round ${round}: ${Math.round(rate)} rows/s of ${Math.round(allowed(one))}`);
    rounds.push(Math.round(rate));
    if (best === null || one.seconds < best.seconds) best = one;
  }
  if (best === null) throw new Error('no round was run');
  const ours = best.rows / best.seconds;
  const limit = allowed(best);
  return finding({
    measure: of.measure,
    unit: 'rows/s',
    ours: Math.round(ours),
    peer: Math.round(limit),
    peerName: of.peerName,
    ratio: hundredths(ours / limit),
    aim: of.aim,
    met: ours / limit >= 0.9,
    peakRssMiB: { ours: best.peakMiB, peer: null },
    cpuSeconds: { ours: best.cpuSeconds === null ? null : hundredths(best.cpuSeconds), peer: null },
    command: { ours: best.command, peer: null },
    rounds: { ours: rounds, peer: [] },
    note: of.note,
  });
}

/** Rows into an OData service, through the load step: held against what the service says it takes. */
export const load: Measure = {
  name: 'load',
  async run(bench) {
    const capacity = await loads(
      bench,
      {
        measure: `load ${bench.sizes.loadRows.toLocaleString('en-GB')} rows through OData into a declared capacity`,
        limits: Capacity,
        rows: bench.sizes.loadRows,
        peerName: 'declared capacity',
        aim: 'at least 90 % of it',
        note: `The sandbox's cloud CRM takes ${Capacity.rowsPerSecond} rows a second and ${Capacity.fixedLatencyMs} ms a request at least; chunks of ${ChunkRows} rows; the load step alone is timed; peak memory is of the whole process, extraction and mapping included.`,
      },
      () => Capacity.rowsPerSecond,
    );
    // A little less than whole windows, which leaves room for what is asked beside the rows: one request more than
    // windows' worth takes a window more, of whoever sends it.
    const windows = Math.max(2, Math.round(bench.sizes.loadRows / RowsARequest / Window.requestsPerWindow / 2));
    const limitedRows = (windows * Window.requestsPerWindow - Beside) * RowsARequest;
    const limited = await loads(
      bench,
      {
        measure: `load ${limitedRows.toLocaleString('en-GB')} rows through OData into a limit with 429`,
        limits: Window,
        rows: limitedRows,
        peerName: 'what the limit allows',
        aim: 'at least 90 % of it',
        note: `${Window.requestsPerWindow} requests in any ${Window.windowMs / 1000} s, then 429 with Retry-After in whole seconds; the product is not told of the limit. Allowed is what a client sends that knows the limit, by the requests of every kind that were let in: ${windows} windows' worth of them need the time of ${windows - 1} windows, the last of them for nothing but its requests.`,
      },
      (loaded) => {
        const needed = Math.max(1, Math.ceil(loaded.requests / Window.requestsPerWindow) - 1);
        return loaded.rows / ((needed * Window.windowMs) / 1000);
      },
    );
    return [capacity, limited];
  },
};
