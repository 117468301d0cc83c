import type { RunStatus } from '../../model/run.ts';
import { nextOf } from '../../workflows/next.ts';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { asTyped, bold, dim, ExitCode, problemText, say, sayJson } from '../print.ts';
import { readStatus } from '../progress.ts';
import { withRetrying } from '../retrying.ts';
import { runLines } from '../run-lines.ts';
import { stagedFailure, withClient } from '../runs.ts';
import { watch } from '../watch.ts';

/** What a run waits for, what came of it so far, and what to do next. */
export function sayOutcome(now: RunStatus): void {
  const { waiting, report, signed, replays, failure } = now;
  if (waiting) say(`Waits for ${waiting.on} by ${waiting.who.join(' or ')}: ${waiting.note}`);
  if (report && waiting?.on !== 'sign-off')
    say(
      `Report ${report.digest.slice(0, 16)}: ${report.verdict}${signed ? `, ${signed.decision} by ${signed.by}` : ''}`,
    );
  for (const one of replays) {
    say(`Replay ${one.corrections?.slice(0, 16) ?? 'without corrections'} by ${one.by}: ${one.outcome}`);
    if (one.failure) say(problemText({ where: {}, ...one.failure, severity: 'error' }));
  }
  if (failure) {
    say(problemText({ where: {}, ...failure, severity: 'error' }));
    if (failure.details !== null) say(dim(`  details are staged under ${failure.details}`));
  }
  const next = nextOf(now);
  say(`${bold('Next')}: ${next.say}`);
  const columns = process.stdout.columns ?? 80;
  for (const [plain, why] of next.commands) {
    const command = asTyped(plain);
    const fits = command.length + why.length + 6 <= columns;
    say(`  ${command}${fits ? '  ' : '\n    '}${dim(`# ${why}`)}`);
  }
}

export async function status(
  shared: Shared,
  run: string,
  options: { watch?: boolean; failure?: boolean },
): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const now = options.watch
    ? await watch(loaded, run, shared)
    : await withClient(loaded, async (client) => withRetrying(client, await readStatus(client, run)));
  const id = now.failure?.details;
  const staged = options.failure && typeof id === 'string' ? await stagedFailure(loaded, run, id) : null;
  if (shared.json) sayJson(staged === null ? now : { ...now, stagedFailure: staged });
  else {
    if (!options.watch) for (const line of runLines(now, { columns: process.stdout.columns })) say(line);
    sayOutcome(now);
    if (staged !== null) say(staged);
  }
  if (now.phase === 'aborted') process.exitCode = ExitCode.failed;
}
