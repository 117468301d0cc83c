import { promote as promoteBuild } from '../../worker/builds.ts';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { say, sayJson } from '../print.ts';
import { withClient } from '../runs.ts';

export async function promote(shared: Shared, build: string): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const before = await withClient(loaded, (client) => promoteBuild(client, loaded.config, build));
  if (shared.json) return sayJson({ build, before });
  say(`Runs go to build ${build} now.`);
  if (before !== null && before !== build) {
    say(`Workers of ${before} are still needed for what they have begun: stop them when Temporal calls it drained.`);
  }
}
