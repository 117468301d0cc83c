import type { LogEntry } from '@temporalio/worker';
import { currentBuild } from '../../worker/builds.ts';
import { logFrom, queuesOf, startWorker } from '../../worker/worker.ts';
import { loadConfig, type LoadedConfig } from '../config.ts';
import { durationText } from '../figures.ts';
import type { Shared } from '../options.ts';
import { ExitCode, say, sayEvent, stamp } from '../print.ts';
import { withClient } from '../runs.ts';

/** Workers of a build that was not promoted wait without a word: so it is said. */
async function aboutBuild(loaded: LoadedConfig, build: string): Promise<string> {
  const current = await withClient(loaded, (client) => currentBuild(client, loaded.config));
  if (current === build) return `Build ${build}: new runs come here.`;
  return `Build ${build} waits: new runs go to ${current ?? 'workers without a build'} until \`landfall promote ${build}\`.`;
}

/** As JSON, with what JSON does not know in words. */
function jsonOf(value: unknown): string {
  const plain = (_name: string, one: unknown): unknown =>
    typeof one === 'bigint' ? String(one) : one instanceof Error ? one.message : one;
  return JSON.stringify(value, plain) ?? '';
}

/** What Temporal says of the worker, on one line each. */
function sayEntry({ level, timestampNanos, message, meta = {} }: LogEntry, shared: Shared): void {
  const time = new Date(Number(timestampNanos / 1_000_000n));
  if (shared.json) return say(jsonOf({ time, level, message, ...meta }));
  const more = Object.entries(meta).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : jsonOf(value)}`,
  );
  say([stamp(time), level, message.replaceAll(/\s*\n\s*/g, ' '), ...more].join(' '));
}

export async function worker(shared: Shared, { only, build }: { only?: string[]; build?: string }): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const tell = (line: string): void => sayEvent(line, shared);
  logFrom(shared.trace ? 'INFO' : 'WARN', (entry) => sayEntry(entry, shared));
  const running = await startWorker(loaded.config, loaded.folder, { log: tell, only, build });
  const { temporal, worker: settings } = loaded.config;
  if (build !== undefined) tell(await aboutBuild(loaded, build));
  const parts = queuesOf(loaded.config, only).join(', ');
  tell(`Working on ${temporal.taskQueue} (${parts}) at ${temporal.address}. Ctrl-C stops.`);
  let told = false;
  const stop = (): void => {
    if (told) {
      tell('Stopped at once. Nothing is lost: what was in work is done again by the next worker.');
      process.exit(ExitCode.interrupted);
    }
    told = true;
    const grace = durationText(settings.shutdownGraceMs / 1000);
    tell(`Stopping: steps in work get up to ${grace} to end, the rest is done again. Ctrl-C again stops at once.`);
    void running.stop();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await running.done;
  tell('Stopped. Open runs go on as soon as another worker starts.');
}
