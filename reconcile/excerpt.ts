import { Masked } from '../model/report.ts';

/** Code points of a value that a report shows; the staged list has all of them. */
export const ShownLength = 300;

/** Code points shown before the place where two long texts part. */
const Before = 60;

/**
 * What a report shows of a pair of values: masked where they may not be shown, and long texts around the place where
 * they part, with an ellipsis where something is left out.
 */
export function excerpt(
  meant: string | null,
  found: string | null,
  hide: boolean,
): { meant: string | null; found: string | null } {
  if (hide) return { meant: meant === null ? null : Masked, found: found === null ? null : Masked };
  const one = meant === null ? null : Array.from(meant);
  const other = found === null ? null : Array.from(found);
  const parts = one && other ? partingOf(one, other) : 0;
  return { meant: one && cut(one, parts), found: other && cut(other, parts) };
}

/** The index of the first code point in which two texts differ. */
export function partingOf(one: readonly string[], other: readonly string[]): number {
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i += 1) if (one[i] !== other[i]) return i;
  return length;
}

function cut(text: readonly string[], parts: number): string {
  if (text.length <= ShownLength) return text.join('');
  const from = Math.max(0, Math.min(parts - Before, text.length - ShownLength));
  const shown = text.slice(from, from + ShownLength).join('');
  return `${from > 0 ? '…' : ''}${shown}${from + ShownLength < text.length ? '…' : ''}`;
}
