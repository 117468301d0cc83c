import type { FigureGroup, FigureReport, Judgement } from '../model/report.ts';
import { sameValue } from './exact-number.ts';
import { day, differenceOf, figure, markup, nothing, table, type Column, type Piece, type Html } from './html.ts';
import { value } from './page-values.ts';

/** A mark that tells without colour too. */
export const marks: Record<Judgement, Html> = {
  match: markup`<span class="ok">✓ agrees</span>`,
  explained: markup`<span class="ok">✓ explained</span>`,
  unexplained: markup`<span class="bad">✗ differs</span>`,
  unverified: markup`<span class="warn">? not verified</span>`,
};

/** Groups that are shown at once; where there are more, those that agree fold away. */
const GroupsShown = 25;

function labelsOf(one: FigureReport): string[] {
  return [...new Set(one.groups.flatMap((group) => Object.keys(group.group)))].sort();
}

/** The difference that counts: between what should be in the target and what is. */
function row(one: FigureReport, labels: readonly string[], group: FigureGroup): Piece[] {
  const names = labels.length === 0 ? ['All'] : labels.map((label) => value(group.group[label] ?? null));
  const due = one.expected ?? group.moved;
  const extra = group.explanation
    ? markup`<small>${group.explanation.why} — ${group.explanation.by}, until ${day(group.explanation.until)}</small>`
    : nothing;
  const result = markup`${marks[group.judgement]}${extra}`;
  const live = hasLive(one) ? [figure(group.live ?? null)] : [];
  if (one.expected !== null) {
    return [...names, figure(one.expected), figure(group.target), ...live, differenceOf(group.target, due), result];
  }
  const heldBack = group.moved !== null && group.staged !== null && sameValue(group.moved, group.staged);
  return [
    ...names,
    markup`${figure(group.source)}${readOtherwise(group)}`,
    heldBack ? '' : differenceOf(group.moved, group.staged),
    figure(group.target),
    ...live,
    differenceOf(group.target, due),
    result,
  ];
}

/** Where what was read is not what the source says, that is the difference to see. */
function readOtherwise(group: FigureGroup): Html {
  if (group.staged === null || (group.source !== null && sameValue(group.source, group.staged))) return nothing;
  return markup`<small>read: ${figure(group.staged)}</small>`;
}

function hasLive(one: FigureReport): boolean {
  return one.groups.some((group) => group.live !== undefined && group.live !== null);
}

function columnsOf(one: FigureReport, labels: readonly string[]): Column[] {
  const live = hasLive(one) ? [{ head: 'Target says', numeric: true }] : [];
  const names = labels.length === 0 ? [{ head: 'Of' }] : labels.map((head) => ({ head }));
  const middle =
    one.expected === null
      ? [
          { head: 'Source', numeric: true },
          { head: 'Not moved', numeric: true },
        ]
      : [{ head: 'Must be', numeric: true }];
  return [
    ...names,
    ...middle,
    { head: 'Target', numeric: true },
    ...live,
    { head: 'Difference', numeric: true },
    { head: 'Result' },
  ];
}

/** One control: what the source says, what of it was held back, and what the target holds. */
export function figureTable(one: FigureReport): Html {
  const labels = labelsOf(one);
  const columns = columnsOf(one, labels);
  const open = one.groups.filter((group) => group.judgement === 'unexplained' || group.judgement === 'unverified');
  const agreed = one.groups.filter((group) => !open.includes(group));
  const folds = one.groups.length > GroupsShown;
  const note = one.note === '' ? nothing : markup`<small>Note: ${one.note}.</small>`;
  const caption = markup`${one.title} <small>in ${one.unit}</small>${note}`;
  const rows = (groups: readonly FigureGroup[]): Piece[][] => groups.map((group) => row(one, labels, group));
  if (!folds) return table(caption, columns, rows(one.groups), { find: true });
  const title = markup`${one.title}: groups that agree <small>in ${one.unit}</small>`;
  return markup`${open.length === 0 ? markup`<h3>${one.title}</h3>` : table(caption, columns, rows(open), { find: true })}
    <details>
      <summary>${agreed.length} groups agree</summary>
      ${table(title, columns, rows(agreed), { find: true })}
    </details>`;
}
