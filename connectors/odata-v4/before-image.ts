import type { ActualRow, TargetCall, TargetCollection } from '../port.ts';
import { typeOf } from './addresses.ts';
import { rowsByLegacyKey } from './find.ts';
import type { Session } from './session.ts';
import { readerOf } from './values.ts';

/** What the service holds for these keys; rows that are not there are left out. */
export async function beforeImage(
  session: Session,
  collection: TargetCollection,
  legacyKeys: readonly string[],
  call: TargetCall,
): Promise<ActualRow[]> {
  const service = await session.metadata({ call });
  const reader = readerOf(service, typeOf(service, collection.collection, session.where), collection);
  const select = reader.expand === null ? reader.select : `${reader.select}&$expand=${reader.expand}`;
  const query = { select, ...(reader.prefer === undefined ? {} : { prefer: reader.prefer }) };
  const rows = await rowsByLegacyKey(session, collection, legacyKeys, query, call);
  return rows.map((row) => reader.row(row));
}
