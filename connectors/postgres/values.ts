import { digitsOf, type Column } from './catalogue.ts';

/** A value that the connector itself cannot hand on without changing it. */
export interface Unfit {
  code: string;
  message: string;
  field?: string;
}

/** The way in which a text cannot be written; null when it can. */
function unfitText(text: string): Unfit | null {
  if (text.includes('\0')) return { code: '22021', message: 'PostgreSQL holds no text with the character U+0000.' };
  if (text.isWellFormed()) return null;
  return { code: '22021', message: 'The text holds half of a surrogate pair, which no encoding can carry.' };
}

/** COPY's text format (PostgreSQL manual, COPY, “Text Format”). */
export function copyText(text: string): string {
  return /[\\\n\r\t]/.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
    : text;
}

/** Years before 1 as PostgreSQL reads them: ISO 8601 counts a year 0, which is 1 BC. */
function withEra(text: string): string {
  const before = /^(?:-(\d+)|(0+))(-\d\d-\d\d.*)$/.exec(text);
  return before ? `${String(Number(before[1] ?? 0) + 1).padStart(4, '0')}${before[3]} BC` : text;
}

const dates = new Set(['date', 'timestamp', 'timestamptz']);

/**
 * A value of a row's body as the text that the column reads.
 *
 * @returns null for NULL, and why not where the text would be another value in the target
 */
export function written(column: Column, value: unknown): string | null | Unfit {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return String(value);
    return { code: 'inexact-number', message: 'A number that is no whole number must be sent as text.' };
  }
  if (typeof value !== 'string')
    return { code: 'not-plain', message: 'The value is neither text, number nor boolean.' };
  if (dates.has(column.type)) return withEra(value);
  if (column.type === 'numeric') return losesDigits(column, value) ?? value;
  return unfitText(value) ?? value;
}

/** PostgreSQL rounds to the column's scale without a word. */
function losesDigits(column: Column, text: string): Unfit | null {
  const digits = digitsOf(column);
  const point = text.indexOf('.');
  if (!digits || point < 0) return null;
  let end = text.length;
  while (text.codePointAt(end - 1) === 48) end -= 1;
  if (end - point - 1 <= Math.max(0, digits.scale) && /^[-+]?\d*\.\d*$/.test(text)) return null;
  return { code: 'digits-lost', message: `${column.native} does not hold every digit of the value.` };
}

/** A legacy key; null where it can be written. */
export const unfitKey = unfitText;

/** An instant or a date as ISO 8601 writes it, years before 1 counted from 0 down; infinities as they are. */
function isoOf(text: string, instant: boolean): string {
  if (text.endsWith('infinity')) return text;
  const bc = text.endsWith(' BC');
  const bare = bc ? text.slice(0, -3) : text;
  const dash = bare.indexOf('-');
  const year = bc ? `-${String(Number(bare.slice(0, dash)) - 1).padStart(4, '0')}` : bare.slice(0, dash);
  const signed = year === '-0000' ? '0000' : year;
  const rest = bare.slice(dash);
  return instant ? `${signed}${rest.replace(' ', 'T').replace(/\+00$/, '')}Z` : `${signed}${rest}`;
}

/** How values of a column are read back, in the port's forms. @param kind of the field in the shape */
export function reader(column: Column, kind: string): (text: string | null) => string | number | boolean | null {
  const of = (read: (text: string) => string | number | boolean) => (text: string | null) =>
    text === null ? null : read(text);
  if (kind === 'integer' || kind === 'choice') {
    return of((text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text));
  }
  switch (column.type) {
    case 'bool':
      return of((text) => text === 't');
    case 'date':
      return of((text) => isoOf(text, false));
    case 'timestamp':
    case 'timestamptz':
      return of((text) => isoOf(text, true));
    default:
      return of((text) => text);
  }
}
