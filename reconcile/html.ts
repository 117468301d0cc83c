import { minus } from './exact-number.ts';

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
export function html(template: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(template.map((text, i) => text + rendered(pieces[i] ?? '')).join(''));
}

export const nothing = new Html('');

/** A count, with thousands separators. */
export function number(n: number): string {
  return n.toLocaleString('en-GB');
}

/** An exact figure with thousands separators; its digits are never parsed. */
export function figure(text: string | null): Html {
  if (text === null) return html`<i class="none">not known</i>`;
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (!match) return html`${text}`;
  const [, sign = '', whole = '', fraction = ''] = match;
  // A true minus sign: it is as wide as a digit, and no line breaks behind it.
  return html`${sign === '' ? '' : '−'}${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')}${fraction}`;
}

/** `a − b` as a figure; an equal sign where there is none to show. */
export function differenceOf(a: string | null, b: string | null): Html {
  if (a === null || b === null) return html`<i class="none">not known</i>`;
  const difference = minus(a, b);
  if (difference === null) return html`${a === b ? '0' : '≠'}`;
  return difference.startsWith('-') || difference === '0' ? figure(difference) : html`+${figure(difference)}`;
}

/** An instant as people read it, in UTC; the text itself where it is none. */
export function instant(text: string): Html {
  const at = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(at.getTime())) return html`${text}`;
  const day = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  const time = at.toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone: 'UTC',
  });
  return html`<time datetime="${text}">${day}, ${time} UTC</time>`;
}

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

/**
 * A table that can be read without seeing it (caption, scopes) and scrolled by keyboard where the window is narrow.
 * The first cell of a row is its head.
 */
export function table(
  caption: Html,
  columns: readonly Column[],
  rows: readonly (readonly Piece[])[],
  options: { find?: boolean } = {},
): Html {
  const kind = (i: number): Html => (columns[i]?.numeric === true ? new Html(' class="n"') : nothing);
  const head = columns.map(({ head }, i) => html`<th scope="col" ${kind(i)}>${head}</th>`);
  const body = rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === 0 ? html`<th scope="row" ${kind(i)}>${cell}</th>` : html`<td${kind(i)}>${cell}</td>`,
    );
    return html`<tr${options.find === true ? new Html(' data-find') : nothing}>${cells}</tr>\n`;
  });
  const label = caption.text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${new Html(label)}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div> `;
}
