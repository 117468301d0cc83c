import type { DecisionAction } from '../../activities/contract.ts';
import { LandfallError } from '../../model/errors.ts';
import { loadConfig } from '../config.ts';
import type { Deciding, Shared } from '../options.ts';
import { ExitCode, say, sayJson, sayProblems } from '../print.ts';
import { readCorrectionsFile } from '../rejects.ts';
import { decide, reportDigest, stageComment, stageCorrections, withClient } from '../runs.ts';

async function send(
  shared: Shared,
  run: string,
  options: Deciding,
  of: { action: DecisionAction; decision: string; about: string | null },
): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const { as: person, key } = options;
  const comment = options.comment === undefined ? undefined : await stageComment(loaded, run, options.comment);
  const outcome = await withClient(loaded, (client) => decide(client, { run, person, key, comment, ...of }));
  if (shared.json) sayJson(outcome);
  else say(`${of.action}: ${outcome.decision} by ${outcome.person}, evidence record ${outcome.record}.`);
}

export async function signOff(
  shared: Shared,
  run: string,
  options: Deciding & { report: string; refuse?: boolean },
): Promise<void> {
  const digest = await reportDigest(await loadConfig(shared.config), run);
  if (options.report.length < 12 || !digest.startsWith(options.report)) {
    throw new LandfallError({
      code: 'decision.digest',
      kind: 'permanent',
      what: 'The digest is not that of the report that stands.',
      where: { run },
      hint: `Read the report again; its digest begins with ${digest.slice(0, 16)}.`,
    });
  }
  const decision = options.refuse ? 'refused' : 'signed';
  await send(shared, run, options, { action: 'sign-off', decision, about: digest });
}

export async function gate(shared: Shared, run: string, options: Deciding & { decision: string }): Promise<void> {
  await send(shared, run, options, { action: 'quality-gate', decision: options.decision, about: null });
}

/** What needs nothing but the person's word. */
export async function tell(
  shared: Shared,
  run: string,
  { action, ...options }: Deciding & { action: 'pause' | 'resume' | 'abort' },
): Promise<void> {
  await send(shared, run, options, { action, decision: action, about: null });
}

export async function replay(shared: Shared, run: string, options: Deciding & { corrections?: string }): Promise<void> {
  let about: string | null = null;
  if (options.corrections !== undefined) {
    const corrections = await readCorrectionsFile(options.corrections, options.comment ?? '');
    const staged = await stageCorrections(await loadConfig(shared.config), run, corrections);
    if (!shared.json) sayProblems(staged.problems);
    if (staged.digest === null) {
      if (shared.json) sayJson({ action: 'replay', problems: staged.problems });
      process.exitCode = ExitCode.problems;
      return;
    }
    about = staged.digest;
  }
  await send(shared, run, options, { action: 'replay', decision: 'replay', about });
}
