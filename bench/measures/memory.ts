import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hundredths } from '../against.ts';
import { typed } from '../contest.ts';
import { finding, type Finding } from '../finding.ts';
import type { Bench, Measure } from '../measure.ts';
import { runProcess } from '../process.ts';

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
    const command = [process.execPath, program, ...at, ...copy];
    const ran = await runProcess(command);
    bench.log(`  ${work.name}, ${rows} rows: ${ran.peakMiB ?? '?'} MiB, ${ran.seconds.toFixed(1)} s`);
    if (ran.peakMiB === null) throw new Error('this machine does not say how much memory a process had');
    return { peak: ran.peakMiB, command: typed(command, folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How much memory a worker's process takes at its highest, with few rows and with many. */
export const memory: Measure = {
  name: 'memory',
  async run(bench) {
    const { memoryRows: few, memoryRowsMany: many } = bench.sizes;
    const findings: Finding[] = [];
    for (const work of Works) {
      const one = await peak(bench, work, few);
      const other = await peak(bench, work, many);
      findings.push(
        finding({
          measure: `peak memory to ${work.name}, ${many.toLocaleString('en-GB')} rows`,
          unit: 'MiB',
          ours: other.peak,
          peer: one.peak,
          peerName: `ours at ${few.toLocaleString('en-GB')} rows`,
          ratio: hundredths(one.peak / other.peak),
          aim: `less than ${AimMiB} MiB, and the same within 10 %`,
          met: other.peak < AimMiB && one.peak < AimMiB && Math.abs(other.peak / one.peak - 1) <= 0.1,
          peakRssMiB: { ours: other.peak, peer: one.peak },
          command: { ours: other.command, peer: one.command },
          note: 'VmHWM of the process that does the work, Node and DuckDB together, with the default budget of 512 MiB for DuckDB.',
        }),
      );
    }
    return findings;
  },
};
