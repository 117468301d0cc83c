import { assessSource, assessTarget, stageLookups } from '../../activities/assess.ts';
import { sealLoad } from '../../activities/crosswalk.ts';
import { putPlan, writeRecords } from '../../activities/documents.ts';
import { measureSource } from '../../activities/measure.ts';
import { reconcile } from '../../activities/reconcile.ts';
import { sealTransform } from '../../activities/seal.ts';
import { loadConfig } from '../../cli/config.ts';
import { checkMigration, withSystem } from '../../cli/runs.ts';
import { partsOf } from '../../model/blueprint.ts';
import type { System } from '../../worker/dependencies.ts';
import type { Plan } from '../../model/plan.ts';
import { quietly, underLease } from './ledger.ts';
import { extractAll, pass } from './steps.ts';

/** What the steps took, by the clock and of processors. */
export interface Direct {
  seconds: number;
  cpuSeconds: number;
}

/**
 * The steps of a run over the ledger, called one after the other by nothing but this: what a run on Temporal is held
 * against. Runs the one that each message names, and answers with what it took.
 */
async function direct(system: System, plan: Plan, run: string): Promise<Direct> {
  const of = { run, plan: await putPlan(await system.staging(run), plan) };
  const started = performance.now();
  const processor = process.cpuUsage();
  const fanOut = plan.options.chunkFanOut;
  await Promise.all([
    assessSource(system, of, quietly),
    assessTarget(system, of, quietly, () => Promise.resolve(false)),
  ]);
  await stageLookups(system, of, quietly);
  const { extract, figures } = await underLease(system, of, async (lease) => ({
    extract: await extractAll(system, of, lease, fanOut),
    figures: await measureSource(system, { ...of, lease }, quietly),
  }));
  const through = { lease: null, chunkPlan: null, chunks: extract.chunks, fanOut };
  const ledgers: Record<string, string> = { extract: extract.ledger };
  const transform = await pass(system, of, 'transform', { ...through, ledgers });
  ledgers['transform'] = transform.ledger;
  await sealTransform(system, { ...of, entity: 'line', ledgers, crosswalk: null }, quietly);
  const load = await pass(system, of, 'load', { ...through, ledgers });
  ledgers['load'] = load.ledger;
  const crosswalk = await sealLoad(system, { ...of, entity: 'line', ledgers }, quietly);
  const parts = plan.blueprint.entities.flatMap(partsOf).length;
  const readback = await pass(system, of, 'readback', { ...through, ledgers, chunks: parts });
  const counts = { extract: extract.counts, transform: transform.counts, load: load.counts };
  const line = {
    ledgers: { ...ledgers, readback: readback.ledger },
    counts,
    chunks: extract.chunks,
    partitions: extract.chunks,
    chunkPlan: extract.chunkPlan,
    crosswalk: crosswalk.digest,
  };
  const entities = await writeRecords(await system.staging(run), { previous: null, entities: { line } });
  const startedAt = new Date().toISOString();
  const input = { ...of, entities, sourceFigures: figures.digest, corrections: [], startedAt };
  const report = await reconcile(system, input, quietly);
  if (report.verdict !== 'whole') throw new Error(`the report is ${report.verdict}`);
  const { user, system: kernel } = process.cpuUsage(processor);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + kernel) / 1e6 };
}

const loaded = await loadConfig(process.argv[2]);
await withSystem(loaded, async (system) => {
  const { plan, problems } = await checkMigration(loaded, system, 'ledger', 'rehearsal');
  if (!plan) throw new Error(JSON.stringify(problems));
  await new Promise<void>((resolve, reject) => {
    process.on('message', (run: string) => {
      if (run === '') resolve();
      else direct(system, plan, run).then((took) => process.send?.(took), reject);
    });
    process.send?.(null);
  });
});
process.disconnect();
