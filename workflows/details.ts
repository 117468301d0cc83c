import { placeOf } from '../model/errors.ts';
import { addCounts, type Counts, type RunFailure } from '../model/run.ts';
import type { Progress } from './messages.ts';
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

/** An entity's page in the Temporal UI. */
export function entityDetails(title: string, now: Progress, paused: boolean): string {
  const rows = Object.entries(now.counts).map(([part, counts]) => {
    const c = addCounts(counts);
    const written = c.created + c.updated + c.unchanged;
    return `| ${part} | ${number(c.extracted)} | ${number(c.ready)} | ${number(c.rejected)} | ${number(written)} | ${number(c.refused + c.blocked)} |`;
  });
  return [
    `**${title}: ${now.step}** — ${number(now.chunksDone)} of ${number(now.chunksDue)} chunks${paused ? ' (paused)' : ''}`,
    '',
    '| part | extracted | ready | rejected | written | refused or blocked |',
    '|---|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n');
}

/** Entities on a run's page: one screen, and below what one can read in Temporal's UI at a glance. */
export const LinesOnPage = 50;

const placed = ({ where = {} }: RunFailure): string => (placeOf(where) === '' ? '' : `(${placeOf(where)}) `);

/**
 * A run's page in the Temporal UI: phase, what it waits for and on whom, and a line for each entity; where they are many,
 * for those that failed or are in work.
 *
 * @param through entities that are through the stage
 */
export function runDetails(overview: Overview, through: number): string {
  const status = overview.run;
  const waiting = status.waiting
    ? `**Waiting for ${status.waiting.on}** by ${someOf(status.waiting.who, ' or ')}, since ${status.waiting.since}: ${status.waiting.note}`
    : status.paused
      ? '**Paused.** `landfall resume` goes on.'
      : '';
  const failure = status.failure
    ? `**Failed:** ${status.failure.code} — ${status.failure.what} ${placed(status.failure)}${status.failure.hint}`
    : '';
  const line = (title: string, state: string, c: Counts, due: number): string => {
    const written = c.created + c.updated + c.unchanged;
    return `| ${title} | ${state} | ${number(c.extracted)} of ${number(due)} | ${number(c.rejected)} | ${number(c.left)} | ${number(written)} of ${number(c.ready)} | ${number(c.refused + c.blocked)} |`;
  };
  const entities = overview.listed(LinesOnPage);
  const rows = entities.map((entity) => {
    const step = entity.step === null ? '' : `${entity.step} ${entity.chunksDone}/${entity.chunksDue}`;
    return line(entity.title, `${entity.state} ${step}`, inAll(entity), entity.rowsDue);
  });
  const more = status.entitiesInAll - entities.length;
  if (more > 0) {
    const state = `${number(through)} of ${number(status.entitiesInAll)} through, ${overview.inWork} in work`;
    rows.push(line(`and ${number(more)} more; all together`, state, status.totals, status.totals.extracted));
  }
  const report = status.report
    ? `Report \`${status.report.digest.slice(0, 16)}\`: **${status.report.verdict}**${status.signed ? `, ${status.signed.decision} by ${status.signed.by}` : ''}`
    : '';
  return [
    `## ${status.migration} (${status.mode}): ${status.phase}`,
    ...[waiting, failure, report].filter((text) => text !== '').map((text) => `\n${text}`),
    '',
    '| entity | state | rows extracted | rejected | left behind | written of ready | refused or blocked |',
    '|---|---|---:|---:|---:|---:|---:|',
    ...rows,
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
