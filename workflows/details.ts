import { placeOf } from '../model/errors.ts';
import {
  addCounts,
  type ChunkStep,
  type Counts,
  type EntityStatus,
  type RunFailure,
  type RunStatus,
} from '../model/run.ts';
import type { Progress } from './messages.ts';
import { nextOf } from './next.ts';
import { inAll, type Overview } from './overview.ts';
import type { Account } from './shares.ts';

/** Names in a sentence: the first twenty, and how many more there are. */
export function someOf(names: readonly string[], between = ', '): string {
  const most = 20;
  const more = names.length - most;
  return names.slice(0, most).join(between) + (more > 0 ? ` and ${number(more)} more` : '');
}

function number(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

const stepWords: Record<ChunkStep, string> = {
  extract: 'Reads rows from the source into staging.',
  regroup: 'Brings rows together that become one.',
  transform: 'Maps rows to what the target takes, and holds back those that break a rule.',
  load: 'Writes rows that are ready to the target.',
  references: 'Sets references that had to wait until all rows were there.',
  attachments: 'Streams attachments to the target, and compares what arrived.',
  readback: 'Reads what is in the target now, to be compared.',
};

/** What an operator who comes upon a step's workflow has to know of it. */
export function stepDetails(step: ChunkStep, run: string): string {
  return `${stepWords[step]} A step of \`${run}\`, which says what to do.`;
}

const columns: readonly [title: string, of: (c: Counts) => number][] = [
  ['extracted', (c) => c.extracted],
  ['ready', (c) => c.ready],
  ['rejected', (c) => c.rejected],
  ['left behind', (c) => c.left],
  ['written', (c) => c.created + c.updated + c.unchanged],
  ['refused or blocked', (c) => c.refused + c.blocked],
  ['attachments', (c) => c.attachments],
];

/** An entity's page in the Temporal UI, with the figures that its step counts. */
export function entityDetails(title: string, now: Progress, paused: boolean): string {
  const parts = Object.entries(now.counts).map(([part, counts]) => [part, addCounts(counts)] as const);
  const shown = columns.filter(([, of]) => parts.some(([, counts]) => of(counts) > 0));
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = [
    row(['rows', ...shown.map(([name]) => name)]),
    row(['---', ...shown.map(() => '---:')]),
    ...parts.map(([part, counts]) => row([part, ...shown.map(([, of]) => number(of(counts)))])),
  ];
  const head = `**${title}: ${now.step}**: ${number(now.chunksDone)} of ${number(now.chunksDue)} chunks${paused ? ' (paused)' : ''}`;
  return [head, ...(shown.length === 0 ? [] : ['', ...table])].join('\n');
}

/** The page of who holds the source's snapshot for a run. */
export function leaseDetails(epoch: number, source: string, run: string): string {
  return `Holds snapshot ${epoch} of ${source} for \`${run}\`, and ends when that has read everything. Leave it to its run: without it what is in work is read again.`;
}

/** Entities on a run's page: one screen, and below what one can read in Temporal's UI at a glance. */
export const LinesOnPage = 50;

const placed = ({ where = {} }: RunFailure): string => (placeOf(where) === '' ? '' : `(${placeOf(where)}) `);

const phases = ['assess', 'extract', 'transform', 'load', 'reconcile', 'sign-off', 'cut-over'] as const;

/** Where a run is on its way; the quality gate stands between transform and load. */
function wayOf({ phase, mode }: RunStatus): string {
  const way = phases.filter((one) => mode === 'live' || one !== 'cut-over');
  return way.map((one) => (one === phase ? `**${one}**` : one)).join(' → ');
}

const minute = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`;

function nextLines(status: RunStatus): string {
  const { say, commands } = nextOf(status);
  return [`**Next:** ${say}`, '', ...commands.map(([command, why]) => `- \`${command}\` ${why}`)].join('\n');
}

function totalsLine(c: Counts): string {
  const written = c.created + c.updated + c.unchanged;
  const held = [`${number(c.rejected)} rejected`, `${number(c.refused + c.blocked)} refused or blocked`];
  return `${number(c.extracted)} rows read, ${number(written)} of ${number(c.ready)} ready ones written, ${held.join(', ')}, ${number(c.left)} left behind.`;
}

/** How far an entity is, in words. */
function stateOf({ state, step, chunksDone, chunksDue }: EntityStatus): string {
  if (step === null) return state;
  if (state === 'waiting') return `${step} done`;
  if (state === 'running' && chunksDue > 1) return `**${step}** chunk ${number(chunksDone)} of ${number(chunksDue)}`;
  return state === 'running' ? `**${step}**` : `${step} ${state}`;
}

/**
 * A run's page in the Temporal UI: phase, what it waits for and on whom, what to do next, and a line for each entity;
 * where they are many, for those that failed or are in work.
 *
 * @param through entities that are through the stage
 */
export function runDetails(overview: Overview, through: number): string {
  const status = overview.run;
  const waiting = status.waiting
    ? `**Waits for ${status.waiting.on}** by ${someOf(status.waiting.who, ' or ')}, since ${minute(status.waiting.since)}: ${status.waiting.note}`
    : '';
  const failure = status.failure
    ? `**Failed:** ${status.failure.code} — ${status.failure.what} ${placed(status.failure)}`.trim()
    : '';
  // Who waits for its signature names it already.
  const report =
    status.report && status.waiting?.on !== 'sign-off'
      ? `Report \`${status.report.digest.slice(0, 16)}\`: **${status.report.verdict}**${status.signed ? `, ${status.signed.decision} by ${status.signed.by}` : ''}`
      : '';
  const replay = status.replays.at(-1);
  const replayed = replay ? `Replay ${status.replays.length}, asked for by ${replay.by}: ${replay.outcome}` : '';
  const line = (title: string, state: string, rows: string, c: Counts): string => {
    const written = c.created + c.updated + c.unchanged;
    return `| ${title} | ${state} | ${rows} | ${number(c.rejected)} | ${number(c.left)} | ${number(written)} of ${number(c.ready)} | ${number(c.refused + c.blocked)} |`;
  };
  const entities = overview.listed(LinesOnPage);
  const lines = entities.map((entity) => {
    const rows = `${number(entity.rowsDone)} of ${number(Math.max(entity.rowsDone, entity.rowsDue))}`;
    return line(entity.title, stateOf(entity), rows, inAll(entity));
  });
  const more = status.entitiesInAll - entities.length;
  if (more > 0) {
    const state = `${number(through)} of ${number(status.entitiesInAll)} through, ${overview.inWork} in work`;
    lines.push(line(`and ${number(more)} more; all together`, state, '', status.totals));
  }
  return [
    `## ${status.migration} (${status.mode}): ${status.phase}${status.paused ? ', paused' : ''}`,
    '',
    wayOf(status),
    ...[waiting, failure, report, replayed, nextLines(status), totalsLine(status.totals)]
      .filter((text) => text !== '')
      .map((text) => `\n${text}`),
    '',
    '| entity | step | rows done of due | rejected | left behind | written of ready | refused or blocked |',
    '|---|---|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n');
}

/** A limiter's page in the Temporal UI: who holds how much of the account. */
export function limiterDetails(connection: string, account: Account, now: number): string {
  const closed = account.closedUntil - now;
  const rows = account.holders.map(
    (one) =>
      `| ${one.holder} | ${one.granted} | ${one.running} | ${one.want} | ${Math.ceil((one.until - now) / 1000)} s |`,
  );
  return [
    `## Account of ${connection}`,
    ...(closed > 0 ? [`\n**The target asks for ${Math.ceil(closed / 1000)} s of quiet.**`] : []),
    '',
    '| holder | granted | under way | wants | for |',
    '|---|---:|---:|---:|---:|',
    ...rows,
  ].join('\n');
}
