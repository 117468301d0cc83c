import { currentBuild } from '../../worker/builds.ts';
import { queuesOf, startWorker } from '../../worker/worker.ts';
import { loadConfig, type LoadedConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { say } from '../print.ts';
import { withClient } from '../runs.ts';

/** Workers of a build that was not promoted wait without a word: so it is said. */
async function sayBuild(loaded: LoadedConfig, build: string): Promise<void> {
  const current = await withClient(loaded, (client) => currentBuild(client, loaded.config));
  if (current === build) say(`Build ${build}: new runs come here.`);
  else
    say(
      `Build ${build} waits: new runs go to ${current ?? 'workers without a build'} until \`landfall promote ${build}\`.`,
    );
}

export async function worker(shared: Shared, { only, build }: { only?: string[]; build?: string }): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const running = await startWorker(loaded.config, loaded.folder, { log: say, only, build });
  const parts = queuesOf(loaded.config, only).join(', ');
  if (build !== undefined) await sayBuild(loaded, build);
  say(`Working on ${loaded.config.temporal.taskQueue} (${parts}) at ${loaded.config.temporal.address}. Ctrl-C stops.`);
  let told = false;
  const stop = (): void => {
    if (told) return;
    told = true;
    say('Stopping: steps in work get time to end; what does not end is done again.');
    void running.stop();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await running.done;
}
