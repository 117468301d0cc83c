import { problemFrom, type Problem } from '../../model/errors.ts';
import { proveStore } from '../../staging/prove-store.ts';
import { loadConfig } from '../config.ts';
import type { System } from '../../worker/dependencies.ts';
import type { Shared } from '../options.ts';
import { bold, decisionLines, ExitCode, green, problemText, red, say, sayJson } from '../print.ts';
import { checkMigration, withSystem } from '../runs.ts';

/** Whether staging can be relied on is asked of the place itself: not every file system keeps the promises of a local disk. */
async function unfitStaging(system: System): Promise<Problem[]> {
  try {
    await proveStore(system.store);
    return [];
  } catch (error) {
    return [problemFrom(error)];
  }
}

export async function check(shared: Shared, name: string | undefined): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const names = name === undefined ? Object.keys(loaded.config.migrations) : [name];
  const found: object[] = [];
  let errors = 0;
  await withSystem(loaded, async (system) => {
    const unfit = await unfitStaging(system);
    for (const one of names) {
      const checked = await checkMigration(loaded, system, one, 'rehearsal');
      const problems = [...unfit, ...checked.problems];
      const plan = unfit.length > 0 ? null : checked.plan;
      errors += problems.filter((problem) => problem.severity === 'error').length;
      found.push({ migration: one, ready: plan !== null, problems });
      if (shared.json) continue;
      for (const line of decisionLines(problems)) say(line);
      for (const problem of problems) if (problem.code !== 'blueprint.undecided') say(problemText(problem));
      say(plan ? `${green('ready')} ${bold(one)}: ${plan.order.join(', ')}` : `${red('not ready')} ${bold(one)}`);
    }
  });
  // One document, whichever way it was asked for.
  if (shared.json) sayJson(name === undefined ? found : found[0]);
  if (errors > 0) process.exitCode = ExitCode.problems;
}
