import { placeOf } from '../model/errors.ts';
import type { EntityStatus, RunStatus } from '../model/run.ts';
import { durationText, heldRowsOf, rowsText } from './figures.ts';
import { bold, dim, red, yellow } from './print.ts';

/** Where each entity was when its step was first seen, and when: speeds are reckoned from there. */
export type Since = Map<string, { step: string; at: number; rows: number }>;

/** Seconds of a step before its speed says anything. */
const SpeedAfter = 2;
/** Columns below which there is no room for bars and speeds. */
const Narrow = 72;

function cut(text: string, width: number): string {
  return (text.length > width ? `${text.slice(0, width - 1)}…` : text).padEnd(width);
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, share) * width);
  return '█'.repeat(full) + dim('░'.repeat(width - full));
}

function speedOf(entity: EntityStatus, since: Since): string {
  const step = entity.step ?? '';
  let first = since.get(entity.name);
  if (first?.step !== step) {
    first = { step, at: Date.now(), rows: entity.rowsDone };
    since.set(entity.name, first);
  }
  const seconds = (Date.now() - first.at) / 1000;
  const rows = entity.rowsDone - first.rows;
  if (entity.state !== 'running' || seconds < SpeedAfter || rows <= 0) return '';
  const speed = rows / seconds;
  const left = Math.max(0, entity.rowsDue - entity.rowsDone);
  return left === 0 ? '' : `${rowsText(speed)}/s ${durationText(left / speed)}`;
}

function entityLine(entity: EntityStatus, columns: number, since: Since): string {
  const { state, step, rowsDone } = entity;
  const done = state === 'done' || (state === 'waiting' && step !== null);
  const due = done ? rowsDone : Math.max(entity.rowsDue, rowsDone);
  const word = state === 'failed' ? 'failed' : (step ?? (state === 'done' ? 'done' : ''));
  const count = state === 'waiting' && step === null ? '' : `${rowsText(rowsDone)}/${rowsText(due)}`;
  const held = heldRowsOf(entity);
  const heldText = (held > 0 ? `${rowsText(held)} held` : '').padStart(9);
  const share = done ? 1 : due === 0 ? 0 : rowsDone / due;
  const wide = columns >= Narrow;
  const speed = speedOf(entity, since);
  return [
    cut(entity.title, wide ? 14 : 12),
    state === 'failed' ? red(word.padEnd(11)) : word.padEnd(11),
    ...(wide ? [bar(share, 12)] : []),
    count.padStart(13),
    held > 0 ? red(heldText) : heldText,
    ...(wide && speed !== '' ? [dim(speed)] : []),
  ]
    .join(' ')
    .trimEnd();
}

const urgency = { failed: 0, running: 1, waiting: 2, done: 3 } as const;

/** What is tried again, and why: three lines each, as problems are told. */
export function retryingLines(now: RunStatus): string[] {
  return (now.retrying ?? []).flatMap(({ step, tries, failure }) => {
    const place = placeOf(failure.where ?? {});
    return [
      yellow(`${step} is tried again (${tries} times so far): ${failure.code}: ${failure.what}`),
      ...(place === '' ? [] : [`  where: ${place}`]),
      ...(failure.hint === '' ? [] : [`  do:    ${failure.hint}`]),
    ];
  });
}

/**
 * A run as a screen: a line for the run, one for each entity, what is tried again. Those that failed or are in work come
 * first where not all fit.
 */
export function runLines(now: RunStatus, of: { columns?: number; rows?: number; since?: Since } = {}): string[] {
  const { columns = 80, rows = Number.POSITIVE_INFINITY, since = new Map() } = of;
  const retrying = retryingLines(now);
  const room = Math.max(3, rows - retrying.length - 4);
  const shown =
    now.entities.length <= room
      ? now.entities
      : now.entities.toSorted((a, b) => urgency[a.state] - urgency[b.state]).slice(0, room);
  const more = now.entitiesInAll - shown.length;
  const { extracted, rejected, refused, blocked } = now.totals;
  const all = `${rowsText(extracted)} rows read, ${rowsText(rejected + refused + blocked)} held`;
  return [
    `${bold(now.phase.padEnd(12))} ${now.paused ? yellow('paused ') : ''}${dim(now.run)}`,
    ...shown.map((entity) => entityLine(entity, columns, since)),
    ...(more > 0 ? [dim(`and ${rowsText(more)} more entities; all together ${all}`)] : []),
    ...retrying,
  ];
}
