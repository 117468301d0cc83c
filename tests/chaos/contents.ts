import { createHash } from 'node:crypto';
import { model } from '../../sandbox/cloud-crm/model.ts';
import type { Landing } from '../e2e/landing.ts';

/** What the service itself sets, and which run it was. */
const own: readonly string[] = ['createdon', 'modifiedon', '$version'];

/** Each row of the target in a form that two crossings share: keys that the target gave stand for legacy keys. */
export interface Contents {
  /** Rows by collection: the digest of each, by its legacy key and how often that is there. */
  rows: Record<string, Record<string, string>>;
  /** Legacy keys that are there more than once. */
  doubled: string[];
}

const legacyKeys = ['crm_legacyid', 'crm_legacyreference', 'iso2', 'isocurrencycode'];

/** Reads the whole target. The bytes of its files are part of their row. */
export async function contentsOf(landing: Landing): Promise<Contents> {
  const sets = model.filter((one) => one.set !== 'crm_settings');
  const tables = new Map<string, Record<string, unknown>[]>();
  const names = new Map<string, string>();
  const keyOf = (row: Record<string, unknown>): string =>
    legacyKeys.map((one) => row[one]).find((one) => typeof one === 'string') ?? '';
  for (const { set, id } of sets) {
    const rows = await landing.target<Record<string, unknown>>(`SELECT * FROM "${set}"`);
    tables.set(set, rows);
    for (const row of rows) names.set(String(row[id]), `${set} ${keyOf(row)}`);
  }
  const files = new Map<string, string>();
  const parts = await landing.target<{ id: string; property: string; part: number; name: string | null; md5: string }>(
    'SELECT id, property, part, name, md5(bytes) AS md5 FROM "$files" ORDER BY id, property, part',
  );
  for (const { id, property, part, name, md5 } of parts) {
    files.set(id, `${files.get(id) ?? ''}|${property} ${part} ${name ?? ''} ${md5}`);
  }
  const contents: Contents = { rows: {}, doubled: [] };
  for (const { set, id } of sets) {
    const digests: Record<string, string> = {};
    for (const row of tables.get(set) ?? []) {
      const key = keyOf(row);
      const cells = Object.entries(row)
        .filter(([name]) => name !== id && !own.includes(name))
        .map(([name, value]) => [name, typeof value === 'string' ? (names.get(value) ?? value) : value]);
      const text = JSON.stringify([...cells, files.get(String(row[id])) ?? '']);
      if (digests[key] !== undefined) contents.doubled.push(`${set} ${key}`);
      digests[key] = createHash('sha256').update(text).digest('hex').slice(0, 16);
    }
    contents.rows[set] = digests;
  }
  return contents;
}

/** Where two targets differ, a line each. */
export function differences(calm: Contents, stormy: Contents): string[] {
  return Object.entries(calm.rows).flatMap(([set, rows]) => {
    const other = stormy.rows[set] ?? {};
    return [...new Set([...Object.keys(rows), ...Object.keys(other)])].flatMap((key) => {
      if (rows[key] === other[key]) return [];
      if (other[key] === undefined) return [`${set} ${key} is lost`];
      return [`${set} ${key} ${rows[key] === undefined ? 'should not be there' : 'differs'}`];
    });
  });
}
