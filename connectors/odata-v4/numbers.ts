/** A JSON object as it came. */
export type JsonRow = Record<string, unknown>;

/** A number as the service wrote it, digit by digit. */
export class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Parses JSON without losing a digit: numbers that a double cannot hold stay text. IEEE754Compatible=true asks the
 * service for text in the first place (OData JSON Format 4.0, 4.1), but not every service listens.
 */
export function parseExactly(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? new ExactNumber(context.source)
      : value;
  return JSON.parse(text, reviver);
}

/** A number as plain digits: without exponent, without `+`. Null when it is not a number. */
export function plainNumber(value: unknown): string | null {
  const text = value instanceof ExactNumber ? value.text : typeof value === 'bigint' ? String(value) : value;
  if (typeof text !== 'string' && typeof text !== 'number') return null;
  const match = /^\+?(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(String(text).trim());
  if (!match) return null;
  const [, sign = '', whole = '', fraction = '', exponent] = match;
  if (whole === '' && fraction === '') return null;
  if (exponent === undefined && whole !== '') return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
  const point = whole.length + Number(exponent ?? 0);
  if (Math.abs(point) > 10_000) return null;
  const digits = `${'0'.repeat(Math.max(0, 1 - point))}${whole}${fraction}`;
  const at = Math.max(1, point);
  const padded = digits.padEnd(at, '0');
  const before = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const after = padded.slice(at);
  return `${sign}${before}${after === '' ? '' : `.${after}`}`;
}
