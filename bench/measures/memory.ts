import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hundredths } from '../against.ts';
import { typed } from '../contest.ts';
import { finding, type Finding } from '../finding.ts';
import type { Bench, Measure } from '../measure.ts';
import { node } from '../node.ts';
import { runProcess } from '../process.ts';
import { growRows } from './growth-rows.ts';

const AimMiB = 600;
const Works = [
  { name: 'extract and map', program: 'stage.ts', copy: false },
  { name: 'extract both sides and compare', program: 'compare.ts', copy: true },
];

async function peak(
  bench: Bench,
  work: (typeof Works)[number],
  rows: number,
): Promise<{ peak: number; command: string }> {
  const { server, ledger, copyOf } = await bench.database();
  const folder = join(bench.folder, `memory-${rows}`);
  await mkdir(folder, { recursive: true });
  try {
    const program = fileURLToPath(new URL(`../ours/${work.program}`, import.meta.url));
    const at = [`--port=${server.port}`, `--database=${await ledger(rows)}`, `--folder=${folder}`];
    const copy = work.copy ? [`--copy=${await copyOf(rows)}`] : [];
    const command = [...node(), program, ...at, ...copy];
    const ran = await runProcess(command);
    bench.log(`  ${work.name}, ${rows} rows: ${ran.peakMiB ?? '?'} MiB, ${ran.seconds.toFixed(1)} s`);
    if (ran.peakMiB === null) throw new Error('this machine does not say how much memory a process had');
    return { peak: ran.peakMiB, command: typed(command, folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const spoken = (rows: number): string => rows.toLocaleString('en-GB');

function peakFinding(
  of: { work: string; few: number; many: number; note: string },
  few: { peak: number; command: string },
  many: { peak: number; command: string },
): Finding {
  return finding({
    measure: `peak memory to ${of.work}, ${spoken(of.many)} rows`,
    unit: 'MiB',
    ours: many.peak,
    peer: few.peak,
    peerName: `ours at ${spoken(of.few)} rows`,
    ratio: hundredths(few.peak / many.peak),
    aim: `less than ${AimMiB} MiB, and the same within 10 %`,
    met: many.peak < AimMiB && few.peak < AimMiB && Math.abs(many.peak / few.peak - 1) <= 0.1,
    peakRssMiB: { ours: many.peak, peer: few.peak },
    command: { ours: many.command, peer: few.command },
    note: `VmHWM, Node and DuckDB together, with the default budget of 512 MiB for DuckDB. ${of.note}`,
  });
}

/** How much memory single steps take at their highest, with few rows and with many. */
export const memory: Measure = {
  name: 'memory',
  async run(bench) {
    const { memoryRows: few, memoryRowsMany: many } = bench.sizes;
    const findings: Finding[] = [];
    for (const work of Works) {
      const one = await peak(bench, work, few);
      const other = await peak(bench, work, many);
      findings.push(
        peakFinding({ work: work.name, few, many, note: 'Of the process that does the work.' }, one, other),
      );
    }
    return findings;
  },
};

/** The same of a worker, over a whole run from one PostgreSQL into another. */
export const workerMemory: Measure = {
  name: 'worker-memory',
  long: true,
  async run(bench) {
    const { memoryRows: few, memoryRowsMany: many } = bench.sizes;
    const { points, temporal } = await growRows(bench, [few, many]);
    const of = (size: number): { peak: number; command: string } => {
      const peakMiB = points.find((point) => point.size === size)?.peakMiB ?? null;
      if (peakMiB === null) throw new Error('this machine does not say how much memory a process had');
      return { peak: peakMiB, command: 'landfall worker' };
    };
    const note = `Of a worker that moves ledger lines and their headers, from its start to the run's report, on ${temporal}.`;
    return [peakFinding({ work: 'make a whole run', few, many, note }, of(few), of(many))];
  },
};
