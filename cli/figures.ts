import { addCounts, type EntityStatus } from '../model/run.ts';

const compact = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 });

/** A number of rows: all digits up to a million, then `14.4m`. */
export function rowsText(n: number): string {
  return n < 1_000_000 ? Math.round(n).toLocaleString('en-GB') : compact.format(n);
}

/** Seconds as people say them: `40 s`, `12 min`, `3 h 20 min`, `2 days 4 h`. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const [most, rest] =
    hours < 48 ? [`${hours} h`, `${minutes % 60} min`] : [`${Math.floor(hours / 24)} days`, `${hours % 24} h`];
  return rest.startsWith('0 ') ? most : `${most} ${rest}`;
}

/** Bytes in the unit that fits: `12 KiB`, `3.4 GiB`. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const n = bytes / 1024 ** power;
  return `${power > 0 && n < 10 ? n.toFixed(1) : Math.round(n).toLocaleString('en-GB')} ${units[power]}`;
}

/** Rows of an entity that are not on their way to the target, or did not get in. */
export function heldRowsOf({ counts }: Pick<EntityStatus, 'counts'>): number {
  const { rejected, refused, blocked } = addCounts(...Object.values(counts));
  return rejected + refused + blocked;
}
