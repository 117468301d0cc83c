import { setTimeout as sleep } from 'node:timers/promises';
import { hundredths } from '../against.ts';
import { finding } from '../finding.ts';
import type { Measure } from '../measure.ts';
import { end } from '../runs.ts';
import { openYard } from '../yard.ts';

const Chunks = 20;
const PollMs = 20;

/** What the death of the only worker costs: kill -9 in the middle of the load, and a new one at once. */
export const resume: Measure = {
  name: 'resume',
  async run(bench) {
    const rows = bench.sizes.resumeRows;
    const yard = await openYard(bench, { rows, options: { chunkRows: Math.max(1, Math.ceil(rows / Chunks)) } });
    const database = await bench.database();
    const run = 'bench-resume';
    const there = async (): Promise<number> => {
      const [row] = await database.run(yard.database, 'SELECT count(*)::int AS n FROM invoices');
      return Number(row?.['n']);
    };
    try {
      const worker = yard.startWorker();
      await yard.start(run);
      while ((await there()) < rows / 4) await sleep(PollMs);
      await end(worker, 'SIGKILL');
      const killed = performance.now();
      // What was sent before the kill may still be at work in the target.
      await sleep(1_000);
      const before = await there();
      yard.startWorker();
      while ((await there()) === before) await sleep(PollMs);
      const seconds = (performance.now() - killed) / 1000;
      const now = await yard.until(run, (one) => one.report !== null);
      if (now.report?.verdict !== 'whole') throw new Error(`the report is ${now.report?.verdict ?? 'missing'}`);
      const { created, updated } = yard.cloud.stats();
      const again = created + updated - (await there());
      bench.log(`  goes on after ${seconds.toFixed(2)} s; ${again} rows sent again`);
      const measure = `kill -9 of the only worker while it loads ${rows.toLocaleString('en-GB')} rows in ${Chunks} chunks`;
      const command = { ours: 'kill -9 WORKER; landfall worker', peer: null };
      const { heartbeatTimeoutMs } = {
        heartbeatTimeoutMs: 30_000,
        ...yard.loaded.config.migrations['ledger']?.options,
      };
      return [
        finding({
          measure: `${measure}: until rows arrive again`,
          unit: 's',
          ours: hundredths(seconds),
          command,
          note: `From the kill; a new worker was started a second later. A step that is dead is noticed by its silence: heartbeatTimeoutMs is ${heartbeatTimeoutMs}. On ${yard.temporal}.`,
        }),
        finding({
          measure: `${measure}: rows sent to the target again`,
          unit: 'rows',
          ours: again,
          command,
          note: 'Upserted on their legacy key, so that none is there twice.',
        }),
      ];
    } finally {
      await yard.close();
    }
  },
};
