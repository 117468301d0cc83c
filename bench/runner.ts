import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anywhere } from './contest.ts';
import { startDatabase, type BenchDatabase } from './database.ts';
import { finding, type Finding, type KeptFinding } from './finding.ts';
import { clear, clearAway, isStopped } from './leftovers.ts';
import { commit, load } from './machine.ts';
import type { Measure } from './measure.ts';
import type { Asked } from './sizes.ts';

/** Measures one thing; one that fails says so in the results, and hides none of the others. */
async function attempt(measure: Measure, bench: Parameters<Measure['run']>[0]): Promise<[Finding[], failed: boolean]> {
  try {
    return [await measure.run(bench), false];
  } catch (error) {
    const note = `Failed: ${anywhere(error instanceof Error ? error.message : String(error), bench.folder)}`;
    bench.log(`  ${note}`);
    return [[finding({ measure: measure.name, unit: '', note })], true];
  }
}

/** Whether a measure is asked for by a name: its own, or the first part of it, which several may share. */
const isCalled = (measure: Measure, name: string): boolean =>
  measure.name === name || measure.name.startsWith(`${name}-`);

/**
 * Runs the measures that were asked for, one after the other.
 *
 * @throws Error when one was asked for that there is none of
 */
export async function runBench(
  measures: readonly Measure[],
  of: Pick<Asked, 'sizes' | 'only' | 'peers'>,
  log: (line: string) => void,
): Promise<{ found: KeptFinding[]; failed: boolean }> {
  const unknown = of.only.filter((name) => !measures.some((one) => isCalled(one, name)));
  if (unknown.length > 0) {
    const known = measures.map((one) => one.name).join(', ');
    throw new Error(`There is no measure ${unknown.join(', ')}. Those that there are: ${known}.`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'landfall-bench-'));
  clearAway(() => rm(folder, { recursive: true, force: true }));
  const started: Promise<BenchDatabase>[] = [];
  const database = (): Promise<BenchDatabase> => {
    if (started.length === 0) started.push(startDatabase(log));
    return started[0] ?? startDatabase(log);
  };
  const found: KeptFinding[] = [];
  let failed = false;
  try {
    for (const measure of measures) {
      const wanted = of.only.length === 0 ? !measure.long : of.only.some((name) => isCalled(measure, name));
      if (isStopped() || !wanted) continue;
      log(measure.name);
      const own = join(folder, measure.name);
      await mkdir(own);
      const before = load();
      const [findings, broken] = await attempt(measure, { ...of, folder: own, database, log });
      const measured: KeptFinding['measured'] = {
        of: measure.name,
        at: new Date().toISOString(),
        commit: commit(),
        load: [before, load()],
        rounds: of.sizes.rounds,
      };
      found.push(...findings.map((one) => ({ ...one, measured })));
      failed ||= broken;
      await rm(own, { recursive: true, force: true });
    }
  } finally {
    await clear();
  }
  return { found, failed };
}
