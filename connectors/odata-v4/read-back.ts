import { LandfallError } from '../../model/errors.ts';
import type { ActualPage, TargetCall, TargetCollection } from '../port.ts';
import { typeOf } from './addresses.ts';
import { plainNumber, type JsonRow, parseExactly } from './numbers.ts';
import { page, pages } from './pages.ts';
import { referenceOf } from './references.ts';
import type { Session } from './session.ts';
import { asText, readerOf } from './values.ts';

/** One page of the rows that carry a legacy key. `after` is the service's own link to the next page. */
export async function readBack(
  session: Session,
  collection: TargetCollection,
  after: string | null,
  call: TargetCall,
): Promise<ActualPage> {
  const service = await session.metadata({ call });
  const type = typeOf(service, collection.collection, session.where);
  const reader = readerOf(service, type, collection);
  const first =
    `${collection.collection}?$select=${reader.select}` +
    `&$filter=${collection.legacyKey}%20ne%20null` +
    // Dataverse pages by the row's own key unless told otherwise; elsewhere pages need an order to be stable.
    (session.settings.dialect === 'plain' ? `&$orderby=${collection.id}` : '') +
    (reader.expand === null ? '' : `&$expand=${reader.expand}`);
  const { rows, next, asAt } = await page(session, after ?? first, call, reader.prefer);
  return { rows: rows.map((row) => reader.row(row)), next, asAt };
}

/**
 * The rows that carry a legacy key, as the service counts them. Dataverse's `/$count` stops at 5000, so it is asked to
 * aggregate, which it refuses beyond 50,000 rows: then null.
 *
 * Source: Dataverse Web API, “Count number of rows” and “Aggregate data using OData”.
 */
export async function countRows(
  session: Session,
  collection: TargetCollection,
  call: TargetCall,
): Promise<number | null> {
  const filter = `${collection.legacyKey}%20ne%20null`;
  try {
    if (session.settings.dialect === 'plain') {
      const path = `${collection.collection}/$count?$filter=${filter}`;
      const answer = await session.read(path, { Accept: 'text/plain' }, call);
      return wholeNumber(answer.text);
    }
    const apply = `filter(${filter})/aggregate($count%20as%20n)`;
    const answer = await session.read(`${collection.collection}?$apply=${apply}`, {}, call);
    const rows = (parseExactly(answer.text) as JsonRow)['value'];
    const [row] = Array.isArray(rows) ? (rows as JsonRow[]) : [];
    return row ? wholeNumber(row['n']) : 0;
  } catch (error) {
    if (error instanceof LandfallError && error.kind === 'permanent') return null;
    throw error;
  }
}

function wholeNumber(value: unknown): number | null {
  const text = plainNumber(typeof value === 'string' ? value.replace(/^\uFEFF/, '') : value);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** Every row of a collection of reference data, page by page; lookups may be named as a blueprint names them. */
export async function* readReference(
  session: Session,
  collection: string,
  properties: readonly string[],
  call: TargetCall,
): AsyncGenerator<Record<string, string | null>[], void, undefined> {
  const service = await session.metadata({ call });
  const type = typeOf(service, collection, session.where);
  const sources = properties.map((name) => {
    if (type.properties.has(name)) return { name, source: name };
    return { name, source: referenceOf(service, type, name)?.lookup ?? name };
  });
  const select = sources.map(({ source }) => source).join(',');
  for await (const { rows } of pages(session, `${collection}?$select=${select}`, call)) {
    yield rows.map((row) => Object.fromEntries(sources.map(({ name, source }) => [name, asText(row[source])])));
  }
}
