import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { hundredths } from '../against.ts';
import { finding } from '../finding.ts';
import { endWithBench } from '../leftovers.ts';
import type { Measure } from '../measure.ts';
import { watchMemory } from '../process.ts';
import { end } from '../runs.ts';
import { openYard } from '../yard.ts';

/** Steps of a second or so each, as chunks of the default size have them in larger runs. */
const Chunks = 10;

/** A whole run on Temporal, from its start to its report, by the same steps called directly. */
export const overhead: Measure = {
  name: 'overhead',
  async run(bench) {
    const rows = bench.sizes.overheadRows;
    const yard = await openYard(bench, { rows, options: { chunkRows: Math.max(1, Math.ceil(rows / Chunks)) } });
    const worker = yard.startWorker();
    const memory = watchMemory(worker.pid ?? 0);
    const program = fileURLToPath(new URL('../ours/direct.ts', import.meta.url));
    const direct = fork(program, [yard.configFile], { execArgv: [] });
    endWithBench(direct);
    const answer = async (): Promise<number> => {
      const gone = once(direct, 'exit').then(() => Promise.reject(new Error('the direct run failed')));
      const [seconds] = (await Promise.race([once(direct, 'message'), gone])) as [number];
      return seconds;
    };
    const rounds: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
    try {
      await answer();
      for (let round = 0; round <= bench.sizes.rounds; round += 1) {
        await yard.empty();
        const started = await yard.start(`bench-overhead-${round}`);
        const now = await yard.until(`bench-overhead-${round}`, (one) => one.report !== null);
        const ours = (performance.now() - started) / 1000;
        if (now.report?.verdict !== 'whole') throw new Error(`the report is ${now.report?.verdict ?? 'missing'}`);
        await yard.empty();
        direct.send(`bench-direct-${round}`);
        const peer = await answer();
        bench.log(
          `  ${round === 0 ? 'warm-up' : `round ${round}`}: run ${ours.toFixed(2)} s, direct ${peer.toFixed(2)} s`,
        );
        if (round === 0) continue;
        rounds.ours.push(hundredths(ours));
        rounds.peer.push(hundredths(peer));
      }
    } finally {
      if (direct.connected) direct.send('');
      await end(direct, 'SIGTERM');
      await yard.close();
    }
    const [ours, peer] = [Math.min(...rounds.ours), Math.min(...rounds.peer)];
    return [
      finding({
        measure: `run of ${rows.toLocaleString('en-GB')} rows in ${Chunks} chunks, from its start to its report`,
        unit: 's',
        ours,
        peer,
        peerName: 'the same steps called directly',
        ratio: hundredths(peer / ours),
        aim: 'less than 10 % overhead',
        met: ours / peer < 1.1,
        peakRssMiB: { ours: await memory.stop(), peer: null },
        command: { ours: 'landfall run ledger --as emil', peer: 'node bench/ours/direct.ts landfall.config.mjs' },
        rounds,
        note: `${Math.round((ours / peer - 1) * 100)} % overhead, on ${yard.temporal}. The worker and the direct process were up before, and both talk to the same cloud CRM in the bench's own process, which is emptied in between.`,
      }),
    ];
  },
};
