import { escapeIdentifier } from 'pg';

export interface ObjectName {
  schema: string;
  table: string;
}

/** Reads `schema.table`, `table` (in public), and quoted forms such as `"My Schema"."Tab.le"`. */
export function parseName(object: string): ObjectName {
  const parts = object.match(/"(?:[^"]|"")+"|[^."]+/g) ?? [];
  const plain = parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
  const [first = '', second] = plain;
  return second === undefined ? { schema: 'public', table: first } : { schema: first, table: second };
}

/** The name as blueprints write it: without its schema where that is public. */
export function shortName(object: string): string {
  const { schema, table } = parseName(object);
  if (schema !== 'public') return object;
  return /[."]/.test(table) ? escapeIdentifier(table) : table;
}

export function quotedName(object: string): string {
  const { schema, table } = parseName(object);
  return `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
}

export { escapeIdentifier as quoted, escapeLiteral as literal } from 'pg';

/** The names that differ least from a wanted one, for hints. */
export function nearest(wanted: string, from: readonly string[]): string[] {
  return from
    .map((name) => ({ name, distance: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter((one) => one.distance <= Math.max(2, wanted.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map((one) => one.name);
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
