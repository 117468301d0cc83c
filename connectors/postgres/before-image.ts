import type { ActualRow, TargetCall, TargetCollection } from '../port.ts';
import type { Catalogue } from './catalogue.ts';
import { rowsByLegacyKey } from './find.ts';
import { readerOf } from './read-back.ts';
import type { Session } from './session.ts';

/** What the target holds for these keys; rows that are not there are left out. */
export async function beforeImage(
  session: Session,
  catalogue: Catalogue,
  collection: TargetCollection,
  legacyKeys: readonly string[],
  call: TargetCall,
): Promise<ActualRow[]> {
  const table = await catalogue.table(collection.collection);
  const rows = readerOf(table, collection, { connection: session.name });
  const found = await rowsByLegacyKey(session, table, collection, legacyKeys, rows.select, call);
  return found.map((row) => rows.row(row));
}
