import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { hundredths } from '../against.ts';
import { finding, type Finding } from '../finding.ts';
import { endWithBench } from '../leftovers.ts';
import type { Bench, Measure } from '../measure.ts';
import { node } from '../node.ts';
import type { Direct } from '../ours/direct.ts';
import { end } from '../runs.ts';
import { wholeRun, type WholeRun } from '../whole-run.ts';
import { openYard } from '../yard.ts';

/** Steps of a second or so each, as chunks of the default size have them in larger runs. */
const Chunks = 10;

const seconds = (of: readonly { seconds: number }[]): number[] => of.map((one) => hundredths(one.seconds));

function bestOf<T extends { seconds: number }>(rounds: readonly T[]): T {
  return rounds.reduce((best, one) => (one.seconds < best.seconds ? one : best));
}

/** One size of it. */
async function overheadOf(bench: Bench, rows: number): Promise<Finding> {
  const yard = await openYard(bench, { rows, options: { chunkRows: Math.max(1, Math.ceil(rows / Chunks)) } });
  const worker = yard.startWorker();
  const program = fileURLToPath(new URL('../ours/direct.ts', import.meta.url));
  const direct = fork(program, [yard.configFile], { execArgv: node().slice(1) });
  endWithBench(direct);
  const answer = async (): Promise<Direct> => {
    const gone = once(direct, 'exit').then(() => Promise.reject(new Error('the direct run failed')));
    const [took] = (await Promise.race([once(direct, 'message'), gone])) as [Direct];
    return took;
  };
  const rounds: { ours: WholeRun[]; peer: Direct[] } = { ours: [], peer: [] };
  try {
    await answer();
    for (let round = 0; round <= bench.sizes.rounds; round += 1) {
      await yard.empty();
      const ours = await wholeRun(yard, `bench-overhead-${rows}-${round}`, [worker]);
      await yard.empty();
      direct.send(`bench-direct-${rows}-${round}`);
      const peer = await answer();
      bench.log(
        `  ${round === 0 ? 'warm-up' : `round ${round}`}: run ${ours.seconds.toFixed(2)} s, direct ${peer.seconds.toFixed(2)} s`,
      );
      if (round === 0) continue;
      rounds.ours.push(ours);
      rounds.peer.push(peer);
    }
  } finally {
    if (direct.connected) direct.send('');
    await end(direct, 'SIGTERM');
    await yard.close();
  }
  const [ours, peer] = [bestOf(rounds.ours), bestOf(rounds.peer)];
  const ratio = peer.seconds / ours.seconds;
  return finding({
    measure: `run of ${rows.toLocaleString('en-GB')} rows in ${Chunks} chunks, from its start to its report`,
    unit: 's',
    ours: ours.seconds,
    peer: hundredths(peer.seconds),
    peerName: 'the same steps called directly',
    ratio: hundredths(ratio),
    aim: 'less than 10 % overhead',
    met: ratio > 1 / 1.1,
    peakRssMiB: { ours: ours.peakMiB, peer: null },
    cpuSeconds: { ours: ours.cpuSeconds, peer: hundredths(peer.cpuSeconds) },
    command: { ours: 'landfall run ledger --as emil', peer: 'node bench/ours/direct.ts landfall.config.mjs' },
    rounds: { ours: seconds(rounds.ours), peer: seconds(rounds.peer) },
    note: `${Math.round((1 / ratio - 1) * 100)} % overhead, on ${yard.temporal}. Timed by the run's own history, because each question to a run costs its worker and the server, which share the cores. The worker and the direct process were up before, and both talk to the same cloud CRM in the bench's own process, which is emptied in between.`,
  });
}

/** A whole run on Temporal, from its start to its report, by the same steps called directly. */
export const overhead: Measure = {
  name: 'overhead',
  async run(bench) {
    const found: Finding[] = [];
    for (const rows of bench.sizes.overheadRows) found.push(await overheadOf(bench, rows));
    return found;
  },
};
