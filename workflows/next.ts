import type { RunStatus } from '../model/run.ts';

/** What people can do about a run as it stands. */
export interface Next {
  /** One or two sentences. */
  say: string;
  /** Commands with what each is for. */
  commands: readonly (readonly [command: string, why: string])[];
}

const some = (names: readonly string[], otherwise: string): string => names[0] ?? otherwise;

function signing({ run, waiting, report }: RunStatus): Next {
  const owner = some(waiting?.who ?? [], 'OWNER');
  const sign = `landfall sign-off ${run} --report ${report?.digest.slice(0, 16) ?? 'DIGEST'} --as ${owner} --key FILE`;
  const read = [`landfall report ${run}`, 'writes the report as a page'] as const;
  const rejects = [`landfall rejects ${run}`, 'writes what is held back, to be corrected and replayed'] as const;
  if (report?.verdict === 'whole') {
    return {
      say: 'An owner reads the report and signs it, or refuses.',
      commands: [read, [sign, 'signs it'], rejects],
    };
  }
  return {
    say: 'The report is not whole: it cannot be signed. Correct what differs and replay it, or refuse the report.',
    commands: [read, rejects, [`${sign} --refuse`, 'ends the run']],
  };
}

function gated({ run, waiting }: RunStatus): Next {
  const as = `--as ${some(waiting?.who ?? [], 'ENGINEER')} --key FILE`;
  return {
    say: 'An engineer looks at the rejects, and corrects them, or lets the rest be loaded without them, or stops.',
    commands: [
      [`landfall rejects ${run}`, 'writes what is held back'],
      [`landfall replay ${run} ${as} --corrections rejects.csv`, 'takes corrected rows through again'],
      [`landfall gate ${run} ${as} --decision load`, 'loads without them (or: stop)'],
    ],
  };
}

function ended(status: RunStatus): Next {
  const { run, phase, failure, mode, signed } = status;
  if (phase === 'aborted') {
    const details = [`landfall status ${run} --failure`, 'shows what is staged about the failure'] as const;
    return {
      say: failure?.hint ?? 'Start a new run when ready.',
      commands: typeof failure?.details === 'string' ? [details] : [],
    };
  }
  const live = mode === 'live' && signed?.decision === 'signed';
  return {
    say: live ? 'Nothing: the target is the system of record.' : 'Nothing: the run is over.',
    commands: [[`landfall verify ${run}`, 'proves that what was signed is what was moved']],
  };
}

/** What to do next about a run, and who. */
export function nextOf(status: RunStatus): Next {
  const { run, phase, paused, waiting } = status;
  if (phase === 'done' || phase === 'aborted') return ended(status);
  if (waiting?.on === 'sign-off') return signing(status);
  if (waiting?.on === 'quality-gate') return gated(status);
  if (paused)
    return { say: 'It was paused.', commands: [[`landfall resume ${run} --as ENGINEER --key FILE`, 'goes on']] };
  return {
    say: 'Nothing: it goes on by itself, and tries again what fails in passing.',
    commands: [[`landfall status ${run} --watch`, 'says how far it is, and what is being tried again and why']],
  };
}
