import { addCounts, type RunStatus } from '../model/run.ts';
import type { Progress } from './messages.ts';
import type { Account } from './shares.ts';

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

/** A run's page in the Temporal UI: phase, what it waits for and on whom, and a line for each entity. */
export function runDetails(status: RunStatus): string {
  const waiting = status.waiting
    ? `**Waiting for ${status.waiting.on}** by ${status.waiting.who.join(' or ')}, since ${status.waiting.since}: ${status.waiting.note}`
    : status.paused
      ? '**Paused.** `landfall resume` goes on.'
      : '';
  const failure = status.failure
    ? `**Failed:** ${status.failure.code} — ${status.failure.what} ${status.failure.hint}`
    : '';
  const rows = status.entities.map((entity) => {
    const c = Object.values(entity.counts).reduce<ReturnType<typeof addCounts>>(
      (sum, one) => addCounts(sum, one),
      addCounts(),
    );
    const written = c.created + c.updated + c.unchanged;
    const step = entity.step === null ? '' : `${entity.step} ${entity.chunksDone}/${entity.chunksDue}`;
    return `| ${entity.title} | ${entity.state} ${step} | ${number(c.extracted)} of ${number(entity.rowsDue)} | ${number(c.rejected)} | ${number(c.left)} | ${number(written)} of ${number(c.ready)} | ${number(c.refused + c.blocked)} |`;
  });
  const report = status.report
    ? `Report \`${status.report.digest.slice(0, 16)}\`: **${status.report.verdict}**${status.signed ? `, ${status.signed.decision} by ${status.signed.by}` : ''}`
    : '';
  return [
    `## ${status.migration} (${status.mode}): ${status.phase}`,
    ...[waiting, failure, report].filter((line) => line !== '').map((line) => `\n${line}`),
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
