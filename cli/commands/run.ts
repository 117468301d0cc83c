import { registerSearchAttributes } from '../../worker/search-attributes.ts';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { asTyped, bold, ExitCode, sayProblems, say, sayJson } from '../print.ts';
import { checkMigration, requireAlone, requireEngineer, startRun, withClient, withSystem } from '../runs.ts';
import { watch } from '../watch.ts';
import { sayOutcome } from './status.ts';

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
    if (!shared.json) sayProblems(problems);
    if (!plan) {
      if (shared.json) sayJson({ run: null, problems });
      process.exitCode = ExitCode.problems;
      return;
    }
    requireEngineer(plan, options.as);
    const digest = await withClient(loaded, async (client) => {
      await registerSearchAttributes(client.connection, loaded.config.temporal.namespace);
      await requireAlone(loaded, client, plan);
      return startRun(loaded, system, client, { plan, run: id, startedBy: options.as });
    });
    const started = { run: id, plan: digest, problems };
    if (!shared.json) say(`Started ${bold(id)} under plan ${digest.slice(0, 16)}.`);
    if (!options.watch) {
      if (shared.json) sayJson(started);
      else say(`\`${asTyped(`landfall status ${id} --watch`)}\` shows how far it is.`);
      return;
    }
    const now = await watch(loaded, id, shared);
    if (shared.json) sayJson({ ...started, status: now });
    else sayOutcome(now);
    if (now.phase === 'aborted') process.exitCode = ExitCode.failed;
  });
}
