import { registerSearchAttributes } from '../../worker/search-attributes.ts';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { bold, ExitCode, problemText, say, sayJson } from '../print.ts';
import { checkMigration, requireAlone, requireEngineer, startRun, withClient, withSystem } from '../runs.ts';
import { watch } from '../watch.ts';

export async function run(
  shared: Shared,
  name: string,
  options: { as: string; live?: boolean; id?: string; watch?: boolean },
): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const mode = options.live ? 'live' : 'rehearsal';
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const id = options.id ?? `${name}-${mode}-${stamp}`;
  await withSystem(loaded, async (system) => {
    const { plan, problems } = await checkMigration(loaded, system, name, mode);
    for (const problem of problems) process.stderr.write(`${problemText(problem)}\n`);
    if (!plan) {
      process.exitCode = ExitCode.problems;
      return;
    }
    requireEngineer(plan, options.as);
    await withClient(loaded, async (client) => {
      await registerSearchAttributes(client.connection, loaded.config.temporal.namespace);
      await requireAlone(loaded, client, plan);
      const digest = await startRun(loaded, system, client, { plan, run: id, startedBy: options.as });
      if (shared.json) sayJson({ run: id, plan: digest });
      else say(`Started ${bold(id)} under plan ${digest.slice(0, 16)}.`);
      if (options.watch) await watch(loaded, id);
    });
  });
}
