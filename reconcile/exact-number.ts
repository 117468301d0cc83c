/**
 * A number as digits, without the ways of writing it: `1.50`, `01.5` and `+1.5` are `1.5`, and `-0.0` is `0`. What is not
 * a plain number stays as it is, so that it equals itself alone.
 */
export function canonicalNumber(text: string): string {
  const match = /^\s*([+-]?)0*(\d*)(?:\.(\d*?)0*)?\s*$/.exec(text);
  if (!match || !/\d/.test(text)) return text.trim();
  const [, sign = '', whole = '', fraction = ''] = match;
  const digits = `${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
  return digits === '0' || sign === '+' ? digits : `${sign}${digits}`;
}

/** Two exact numbers written differently (`1.50`, `1.5`, `-0`) are the same figure. */
export function sameValue(a: string, b: string): boolean {
  return canonicalNumber(a) === canonicalNumber(b);
}

/** A number with at least so many digits after the point; none is taken away. */
export function atScale(text: string, scale: number): string {
  const plain = canonicalNumber(text);
  if (scale === 0 || !/^-?\d+(?:\.\d+)?$/.test(plain)) return plain;
  const [whole = '', fraction = ''] = plain.split('.');
  return `${whole}.${fraction.padEnd(scale, '0')}`;
}

/** `a − b`, exactly; null when one of them is not a plain number. */
export function minus(a: string, b: string): string | null {
  const one = canonicalNumber(a);
  const other = canonicalNumber(b);
  const plain = /^-?\d+(?:\.\d+)?$/;
  if (!plain.test(one) || !plain.test(other)) return null;
  const scale = Math.max(...[one, other].map((text) => text.split('.')[1]?.length ?? 0));
  const units = (text: string): bigint => {
    const [whole = '', fraction = ''] = text.split('.');
    return BigInt(`${whole}${fraction.padEnd(scale, '0')}`);
  };
  const difference = units(one) - units(other);
  const digits = String(difference < 0n ? -difference : difference).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return canonicalNumber(`${difference < 0n ? '-' : ''}${text}`);
}
