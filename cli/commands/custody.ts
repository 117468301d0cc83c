import { auditRun, type Audit } from '../../activities/audit.ts';
import { disposeRestricted } from '../../activities/disposal.ts';
import { LandfallError } from '../../model/errors.ts';
import { runsIn } from '../../staging/collect.ts';
import { status } from '../../workflows/messages.ts';
import { ask } from '../ask.ts';
import { loadConfig, type LoadedConfig } from '../config.ts';
import { bytesText } from '../figures.ts';
import type { Shared } from '../options.ts';
import { assertDecision } from '../people.ts';
import { bold, ExitCode, green, problemText, red, say, sayJson, yellow } from '../print.ts';
import { withClient, withSystem } from '../runs.ts';

function sayAudit(audit: Audit): void {
  if (audit.records === 0 && audit.problems.length === 0) {
    return say(`${yellow('nothing to prove')} ${bold(audit.run)}: nobody has decided or signed anything yet.`);
  }
  say(`${audit.records} records of evidence, ${audit.decisions} of them decisions whose signatures hold.`);
  for (const one of audit.reports)
    say(`Report ${one.digest.slice(0, 16)}: ${one.verdict}, ${one.decision} by ${one.by} at ${one.at}`);
  if (audit.switchedBy !== null) say(`The target was marked live by report ${audit.switchedBy.slice(0, 16)}.`);
  say(`${audit.files} staged files (${bytesText(audit.bytes)}) are what their steps wrote.`);
  if (audit.disposed.length > 0) say(`Disposed of: ${audit.disposed.join(', ')}.`);
  for (const problem of audit.problems) say(problemText(problem));
  say(`${audit.problems.length === 0 ? green('holds') : red('does not hold')} ${bold(audit.run)}`);
}

/** A run that is at work reads what it staged: nothing of it may be disposed of. One that Temporal forgot has ended. */
async function requireEnded(loaded: LoadedConfig, run: string): Promise<void> {
  const now = await withClient(loaded, (client) => ask(client, run, status)).catch((error: unknown) => {
    if (error instanceof LandfallError && (error.code === 'run.unknown' || error.code === 'run.ended')) return null;
    throw error;
  });
  if (now === null || now.phase === 'done' || now.phase === 'aborted') return;
  throw new LandfallError({
    code: 'dispose.run-open',
    kind: 'permanent',
    what: 'The run is open, and its steps read what would be disposed of.',
    where: { run, phase: now.phase },
    hint: `End it first: \`landfall abort ${run}\`, or let it be signed.`,
  });
}

export async function verify(shared: Shared, run: string): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const audit = await withSystem(loaded, async (system) => auditRun(await system.staging(run)));
  if (shared.json) sayJson(audit);
  else sayAudit(audit);
  if (audit.problems.length > 0) process.exitCode = ExitCode.problems;
}

export async function dispose(shared: Shared, run: string, options: { as: string; key?: string }): Promise<void> {
  const loaded = await loadConfig(shared.config);
  await requireEnded(loaded, run);
  const { as: person, key } = options;
  const asked = { run, person, key, action: 'dispose', decision: 'dispose', about: null } as const;
  const { assertion } = await assertDecision(asked);
  const done = await withSystem(loaded, (system) => disposeRestricted(system, { run, assertion }));
  if (shared.json) sayJson(done);
  else say(`Disposed of ${done.keys.join(', ')}; evidence record ${done.record}.`);
}

export async function rekey(shared: Shared, options: { retire?: boolean }): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const done = await withSystem(loaded, async (system) => {
    const counts = { runs: 0, keys: 0, retired: 0 };
    for (const run of await runsIn(system.store)) {
      const { keyring } = await system.staging(run);
      counts.keys += await keyring.rewrap();
      if (options.retire) counts.retired += await keyring.retire();
      counts.runs += 1;
    }
    return counts;
  });
  if (shared.json) sayJson(done);
  else say(`${done.keys} data keys of ${done.runs} runs are kept; ${done.retired} copies were retired.`);
}
