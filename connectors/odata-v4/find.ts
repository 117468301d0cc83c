import type { TargetCall, TargetCollection } from '../port.ts';
import { keyFilters, typeOf } from './addresses.ts';
import { selectOf } from './compose.ts';
import { keyText } from './judge.ts';
import type { JsonRow } from './numbers.ts';
import { pages } from './pages.ts';
import type { Session } from './session.ts';

/** Reads the rows that carry one of the legacy keys, with the given properties, as JSON. */
export async function rowsByLegacyKey(
  session: Session,
  collection: TargetCollection,
  legacyKeys: readonly string[],
  query: { select: string; prefer?: string },
  call: TargetCall,
): Promise<JsonRow[]> {
  const service = await session.metadata({ call });
  const type = typeOf(service, collection.collection, session.where);
  const rows: JsonRow[] = [];
  for (const { filter } of keyFilters(type, collection.legacyKey, [...new Set(legacyKeys)])) {
    const path = `${collection.collection}?$select=${query.select}&$filter=${filter}`;
    for await (const page of pages(session, path, call, query.prefer)) rows.push(...page.rows);
  }
  return rows;
}

/** Finds rows by their legacy keys. More than one for a key means that the target holds duplicates. */
export async function findByLegacyKey(
  session: Session,
  collection: TargetCollection,
  legacyKeys: readonly string[],
  call: TargetCall,
): Promise<{ legacyKey: string; targetKey: string; version: string | null }[]> {
  const rows = await rowsByLegacyKey(session, collection, legacyKeys, { select: selectOf(collection) }, call);
  return rows.flatMap((row) => {
    const legacyKey = keyText(row[collection.legacyKey]);
    const targetKey = keyText(row[collection.id]);
    const version = row['@odata.etag'];
    if (legacyKey === null || targetKey === null) return [];
    return [{ legacyKey, targetKey, version: typeof version === 'string' ? version : null }];
  });
}
