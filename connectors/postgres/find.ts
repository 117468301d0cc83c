import type { TargetCall, TargetCollection } from '../port.ts';
import type { Catalogue, Table } from './catalogue.ts';
import { quoted, quotedName } from './names.ts';
import { asked } from './asked.ts';
import type { Session, TextRow } from './session.ts';

/** Keys in one statement, at most. */
const KeysAtOnce = 10_000;

const bits: Record<string, bigint> = { int2: 15n, int4: 31n, int8: 63n };

/** Whether a text can be a key of a type at all: the server would refuse the whole question because of one that cannot. */
function canBe(type: string, key: string): boolean {
  if (type === 'uuid') return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(key);
  const size = bits[type];
  if (size === undefined) return !key.includes('\0');
  return /^-?\d{1,19}$/.test(key) && BigInt(key) < 2n ** size && BigInt(key) >= -(2n ** size);
}

/** Reads the rows that carry one of the legacy keys: the key as `legacy key`, and what else is selected. */
export async function rowsByLegacyKey(
  session: Session,
  table: Table,
  collection: TargetCollection,
  legacyKeys: readonly string[],
  select: string,
  call: TargetCall,
): Promise<TextRow[]> {
  const column = table.columns.get(collection.legacyKey);
  const keys = [...new Set(legacyKeys)].filter((key) => canBe(column?.type ?? 'text', key));
  const rows: TextRow[] = [];
  const key = quoted(collection.legacyKey);
  for (let i = 0; i < keys.length; i += KeysAtOnce) {
    const sql = `SELECT ${key} AS "legacy key", ${select} FROM ${quotedName(collection.collection)}
      WHERE ${key} = ANY ($1::text[]::${column?.cast ?? 'text'}[])`;
    rows.push(...(await asked(session, call, sql, [keys.slice(i, i + KeysAtOnce)])));
  }
  return rows;
}

/** Finds rows by their legacy keys. More than one for a key means that the target holds duplicates. */
export async function findByLegacyKey(
  session: Session,
  catalogue: Catalogue,
  collection: TargetCollection,
  legacyKeys: readonly string[],
  call: TargetCall,
): Promise<{ legacyKey: string; targetKey: string }[]> {
  const table = await catalogue.table(collection.collection);
  const select = `${quoted(collection.id)} AS "target key"`;
  const rows = await rowsByLegacyKey(session, table, collection, legacyKeys, select, call);
  return rows.map((row) => ({ legacyKey: row['legacy key'] ?? '', targetKey: row['target key'] ?? '' }));
}
