import type { RunStatus } from '../../model/run.ts';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { dim, ExitCode, problemText, say, sayJson } from '../print.ts';
import { ProgressView, readStatus } from '../progress.ts';
import { withRetrying } from '../retrying.ts';
import { stagedFailure, withClient } from '../runs.ts';
import { watch } from '../watch.ts';

function sayStatus(now: RunStatus): void {
  for (const line of new ProgressView().lines(now)) say(line);
  if (now.waiting) say(`Waits for ${now.waiting.on} by ${now.waiting.who.join(' or ')}: ${now.waiting.note}`);
  if (now.report)
    say(
      `Report ${now.report.digest.slice(0, 16)}: ${now.report.verdict}${now.signed ? `, ${now.signed.decision} by ${now.signed.by}` : ''}`,
    );
  for (const one of now.replays) {
    say(`Replay ${one.corrections?.slice(0, 16) ?? 'without corrections'} by ${one.by}: ${one.outcome}`);
    if (one.failure) say(problemText({ where: {}, ...one.failure, severity: 'error' }));
  }
  if (now.failure) {
    say(problemText({ where: {}, ...now.failure, severity: 'error' }));
    if (now.failure.details !== null) say(dim(`  details are staged under ${now.failure.details}`));
  }
}

export async function status(
  shared: Shared,
  run: string,
  options: { watch?: boolean; failure?: boolean },
): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const now = options.watch
    ? await watch(loaded, run)
    : await withClient(loaded, async (client) => withRetrying(client, await readStatus(client, run)));
  if (shared.json) sayJson(now);
  else sayStatus(now);
  const id = now.failure?.details;
  if (options.failure && typeof id === 'string') say(await stagedFailure(loaded, run, id));
  if (now.phase === 'aborted') process.exitCode = ExitCode.failed;
}
