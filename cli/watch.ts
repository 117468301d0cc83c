import type { RunStatus } from '../model/run.ts';
import type { LoadedConfig } from './config.ts';
import { ProgressView, readStatus } from './progress.ts';
import { withRetrying } from './retrying.ts';
import { withClient } from './runs.ts';

/** Draws a run until it waits for somebody or ends. */
export async function watch(loaded: LoadedConfig, run: string): Promise<RunStatus> {
  const view = new ProgressView();
  return withClient(loaded, async (client) => {
    for (;;) {
      const now = await withRetrying(client, await readStatus(client, run));
      view.draw(now);
      if (now.waiting !== null || now.phase === 'done' || now.phase === 'aborted') return now;
      await new Promise((next) => setTimeout(next, 500));
    }
  });
}
