import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { RunStatus } from '../model/run.ts';
import type { LoadedConfig } from './config.ts';
import { ExitCode, say } from './print.ts';
import { readStatus } from './progress.ts';
import { withRetrying } from './retrying.ts';
import { runView, type RunView } from './run-view.ts';
import { withClient } from './runs.ts';

/** Milliseconds between two looks at a run. */
const LookMs = 500;

/** Whether a run goes no further by itself. */
export function isSettled(now: RunStatus): boolean {
  return now.waiting !== null || now.phase === 'done' || now.phase === 'aborted';
}

/** Looks at a run again and again. @returns how it was last seen, when it is as it should be or the signal came */
export async function follow(
  client: Client,
  run: string,
  of: { view: RunView; until: (now: RunStatus) => boolean; signal?: AbortSignal },
): Promise<RunStatus> {
  for (;;) {
    const now = await withRetrying(client, await readStatus(client, run));
    // Whoever broke it off may have written below what was drawn: nothing is drawn any more.
    if (of.signal?.aborted) return now;
    of.view.show(now);
    if (of.until(now)) return now;
    await sleep(LookMs, undefined, of.signal ? { signal: of.signal } : {}).catch(() => {});
  }
}

/**
 * Shows a run until it waits for somebody or ends, or Ctrl-C ends the watching, and with it the command.
 *
 * @param of.json leaves standard output to the result: what is shown goes to standard error
 */
export async function watch(loaded: LoadedConfig, run: string, of: { json?: boolean | undefined }): Promise<RunStatus> {
  const view = await runView(of.json ? process.stderr : process.stdout);
  const stop = (): void => {
    view.end();
    if (!of.json)
      say(`No longer watching, but the run goes on: \`landfall status ${run} --watch\`, or \`landfall abort ${run}\`.`);
    process.exit(ExitCode.interrupted);
  };
  process.on('SIGINT', stop);
  try {
    return await withClient(loaded, (client) => follow(client, run, { view, until: isSettled }));
  } finally {
    view.end();
    process.off('SIGINT', stop);
  }
}
