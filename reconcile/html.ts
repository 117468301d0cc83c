import { atScale, minus } from './exact-number.ts';

/** A piece of a page that is HTML already; everything else is text and is escaped. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text and numbers (escaped), HTML, and lists of these. */
export type Piece = Html | string | number | readonly Piece[];

/** Text that neither opens an element nor closes an attribute. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function rendered(piece: Piece): string {
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'string') return escaped(piece);
  if (typeof piece === 'number') return escaped(number(piece));
  return piece.map(rendered).join('');
}

/** HTML with values in it: texts are escaped, numbers get thousands separators. */
export function markup(template: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(template.map((text, i) => text + rendered(pieces[i] ?? '')).join(''));
}

export const nothing = new Html('');

/** A count, with thousands separators. */
export function number(n: number): string {
  return n.toLocaleString('en-GB');
}

/** An exact figure with thousands separators; its digits are never parsed. */
export function figure(text: string | null): Html {
  if (text === null) return markup`<i class="none">not known</i>`;
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (!match) return markup`${text}`;
  const [, sign = '', whole = '', fraction = ''] = match;
  // A true minus sign: it is as wide as a digit, and no line breaks behind it.
  return markup`${sign === '' ? '' : '−'}${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')}${fraction}`;
}

/** `a − b` as a figure, with the digits of the more exact of the two and with its sign. */
export function differenceOf(a: string | null, b: string | null): Html {
  if (a === null || b === null) return markup`<i class="none">not known</i>`;
  const difference = minus(a, b);
  if (difference === null) return markup`${a === b ? '0' : '≠'}`;
  if (difference === '0') return markup`0`;
  const digits = Math.max(...[a, b].map((one) => one.split('.')[1]?.length ?? 0));
  const shown = figure(atScale(difference, digits));
  return difference.startsWith('-') ? shown : markup`+${shown}`;
}

/** An instant as people read it, in UTC; the text itself where it is none. */
export function instant(text: string): Html {
  const at = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(at.getTime())) return markup`${text}`;
  const day = at.toLocaleDateString('en-GB', Day);
  const time = at.toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone: 'UTC',
  });
  return markup`<time datetime="${text}">${day}, ${time} UTC</time>`;
}

/** The day of an instant or date. */
export function day(text: string): Html {
  const at = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(at.getTime())) return markup`${text}`;
  return markup`<time datetime="${text}">${at.toLocaleDateString('en-GB', Day)}</time>`;
}

const Day = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const;

/** A stretch of time in the two units that matter. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = units.findIndex(([n]) => n > 0);
  if (first < 0) return 'less than a second';
  return units
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ');
}

export interface Column {
  head: Piece;
  /** Numbers stand to the right. */
  numeric?: boolean;
}

/** Rows of a table that is not cut in two when it is printed. */
const OnOnePage = 12;

/**
 * A table that can be read without seeing it and scrolled by keyboard. The first cell of a row is its head. In a narrow
 * window rows become lists of their cells, each with its column’s head before it; the roles are spelt out because some
 * browsers forget them when a table is not laid out as one.
 */
export function table(
  caption: Html,
  columns: readonly Column[],
  rows: readonly (readonly Piece[])[],
  options: { find?: boolean } = {},
): Html {
  const kind = (i: number): Html => (columns[i]?.numeric === true ? markup` class="n"` : nothing);
  const head = columns.map(({ head }, i) => markup`<th scope="col" role="columnheader" ${kind(i)}>${head}</th>`);
  const cells = (row: readonly Piece[]): Html[] =>
    row.map((cell, i) => {
      if (i === 0) return markup`<th scope="row" role="rowheader" ${kind(i)}>${cell}</th>`;
      const label = cell === '' ? nothing : markup` data-head="${columns[i]?.head ?? ''}"`;
      return markup`<td role="cell" ${kind(i)}${label}>${cell}</td>`;
    });
  const find = options.find === true ? markup` data-find` : nothing;
  const body = rows.map(
    (row) =>
      markup`<tr role="row" ${find}>
        ${cells(row)}
      </tr> `,
  );
  const fits = rows.length <= OnOnePage ? ' short' : '';
  return markup`<div class="scroll${fits}" role="region" tabindex="0" aria-label="${textOf(caption)}">
    <table role="table">
      <caption>
        ${caption}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${head}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${body}
      </tbody>
    </table>
  </div> `;
}

/** What a piece of HTML says, for an attribute: its elements left out, its entities kept as they are. */
function textOf(piece: Html): Html {
  const said = piece.text.replace(/<small>.*<\/small>/gs, '').replace(/<[^>]*>/g, ' ');
  return new Html(said.replace(/\s+/g, ' ').trim());
}
