import { hundredths } from '../against.ts';
import { finding } from '../finding.ts';
import type { Measure } from '../measure.ts';
import { runProcess, watchMemory } from '../process.ts';
import { landfall } from '../runs.ts';
import { openYard } from '../yard.ts';

const AimSeconds = 5;

/** What a run costs when there is nothing to do: one row, from the command that starts it to its report. */
export const oneRow: Measure = {
  name: 'one-row',
  async run(bench) {
    const yard = await openYard(bench, { rows: 1 });
    const worker = yard.startWorker();
    const memory = watchMemory(worker.pid ?? 0);
    const rounds: number[] = [];
    const commandSeconds: number[] = [];
    try {
      for (let round = 0; round <= bench.sizes.rounds; round += 1) {
        await yard.empty();
        const run = `bench-one-row-${round}`;
        const started = performance.now();
        const ran = await runProcess(landfall(yard.configFile, 'run', 'ledger', '--as', 'emil', '--id', run));
        const now = await yard.until(run, (one) => one.report !== null);
        const seconds = (performance.now() - started) / 1000;
        if (now.report?.verdict !== 'whole') throw new Error(`the report is ${now.report?.verdict ?? 'missing'}`);
        bench.log(
          `  ${round === 0 ? 'warm-up' : `round ${round}`}: ${seconds.toFixed(2)} s, the command ${ran.seconds.toFixed(2)} s of it`,
        );
        if (round === 0) continue;
        rounds.push(hundredths(seconds));
        commandSeconds.push(hundredths(ran.seconds));
      }
    } finally {
      await yard.close();
    }
    const ours = Math.min(...rounds);
    return [
      finding({
        measure: 'migration of one row, from the command to its report',
        unit: 's',
        ours,
        aim: `less than ${AimSeconds} s`,
        met: ours < AimSeconds,
        peakRssMiB: { ours: await memory.stop(), peer: null },
        command: { ours: 'landfall run ledger --as emil', peer: null },
        rounds: { ours: rounds, peer: [] },
        note: `With the command's own process, which checks both systems and freezes the plan (${Math.min(...commandSeconds)} s); the worker was up before. On ${yard.temporal}.`,
      }),
    ];
  },
};
