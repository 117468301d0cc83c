import { LandfallError } from '../../model/errors.ts';
import type { TargetCollection, TargetDocument, TargetReference, TargetRow } from '../port.ts';
import { byLegacyKey, byTargetKey, typeOf } from './addresses.ts';
import { requestPart } from './batch-format.ts';
import type { EntityType, Service } from './metadata.ts';
import { navigationTo, referenceOf, type Reference } from './references.ts';
import type { Session } from './session.ts';

export type Mode = 'write' | 'references';

/** One row on its way: what is said of it, and its request once its number in the batch is known. */
export interface Entry {
  collection: TargetCollection;
  legacyKey: string;
  /** POST creates and nothing else. */
  creates: boolean;
  part(contentId: number, headerId: number): string;
}

/** A document on its way: its header first. */
export interface PlannedDocument {
  entries: Entry[];
  /** Whether sending it twice does no harm. */
  repeatable: boolean;
  /** Characters, about. */
  size: number;
}

/** What writing to one collection needs to know, worked out once a batch. */
export interface Writer {
  collection: TargetCollection;
  type: EntityType;
  address(legacyKey: string): string;
  reference(field: string): Reference;
  select: string;
}

const json = 'Content-Type: application/json;IEEE754Compatible=true\r\n';
const answer =
  'Accept: application/json;odata.metadata=minimal;IEEE754Compatible=true\r\nPrefer: return=representation\r\n';

/** Gives the writer of each collection that the documents touch. */
export function writers(session: Session, service: Service): (collection: TargetCollection) => Writer {
  const known = new Map<string, Writer>();
  return (collection) => {
    const found = known.get(collection.collection);
    if (found) return found;
    const where = { ...session.where, collection: collection.collection };
    const type = typeOf(service, collection.collection, session.where);
    const references = new Map<string, Reference>();
    const writer: Writer = {
      collection,
      type,
      address: byLegacyKey(type, collection),
      select: selectOf(collection),
      reference(field) {
        const reference = references.get(field) ?? referenceOf(service, type, field);
        if (!reference) throw noReference(field, where);
        references.set(field, reference);
        return reference;
      },
    };
    known.set(collection.collection, writer);
    return writer;
  };
}

/** The answer is asked to say which row it is about. */
export function selectOf(collection: TargetCollection): string {
  return [...new Set([collection.id, collection.legacyKey])].join(',');
}

/** Prepares a document: everything that does not depend on its place in the batch. */
export function plan(
  session: Session,
  service: Service,
  writerOf: (collection: TargetCollection) => Writer,
  document: TargetDocument,
  mode: Mode,
): PlannedDocument {
  const header = writerOf(document.collection);
  const pathRoot = session.settings.dialect === 'dataverse' ? session.root.pathname : '';
  const entries = [entryOf(document.row, header)];
  const { lines } = document;
  if (lines) for (const row of lines.rows) entries.push(entryOf(row, writerOf(lines.collection)));
  const size = [document.row, ...(lines?.rows ?? [])].reduce((sum, row) => sum + row.body.length + 600, 0);
  return { entries, repeatable: mode === 'references' || entries.every((entry) => !entry.creates), size };

  function entryOf(row: TargetRow, writer: Writer): Entry {
    const { collection } = writer;
    const bind = (reference: TargetReference, headerId: number): string => {
      const lookup = writer.reference(reference.field);
      const to = reference.toHeader ? document.collection.collection : reference.collection;
      const navigation =
        navigationTo(lookup, to) ??
        (reference.targetKey === null && !reference.toHeader ? lookup.arms[0]?.navigation : null);
      if (!navigation) throw noReference(reference.field, { ...session.where, collection: collection.collection, to });
      return `"${navigation}@odata.bind":${addressOf(reference, to, headerId)}`;
    };
    const addressOf = (reference: TargetReference, to: string, headerId: number): string => {
      // A header that may exist already is bound by its legacy key: `$1` is documented for rows that are created.
      if (reference.toHeader && document.collection.write === 'create') {
        const { targetKey } = document.row;
        if (targetKey !== undefined) return JSON.stringify(byTargetKey(service, to, targetKey));
        if (mode === 'write') return `"$${headerId}"`;
      }
      if (reference.toHeader) return JSON.stringify(header.address(document.row.legacyKey));
      return reference.targetKey === null ? 'null' : JSON.stringify(byTargetKey(service, to, reference.targetKey));
    };
    const known = collection.write === 'create' && row.targetKey !== undefined;
    const creates = mode === 'write' && collection.write === 'create' && !known;
    const own = creates ? withKey(row.body, collection.legacyKey, row.legacyKey) : row.body;
    const fields = mode === 'references' ? '{}' : own;
    const line = lineOf(row, writer, creates);
    const headers = mode === 'references' || known ? `${json}If-Match: *\r\n${answer}` : json + answer;
    return {
      collection,
      legacyKey: row.legacyKey,
      creates,
      part(contentId, headerId) {
        if (row.references.length === 0) return requestPart(contentId, line, headers, fields);
        const binds = row.references.map((reference) => bind(reference, headerId)).join(',');
        return requestPart(contentId, line, headers, spliced(fields, binds));
      },
    };
  }

  function lineOf(row: TargetRow, writer: Writer, creates: boolean): string {
    const query = `?$select=${writer.select}`;
    if (creates) return `POST ${pathRoot}${writer.collection.collection}${query}`;
    const byKey =
      writer.collection.write === 'create' && row.targetKey !== undefined
        ? byTargetKey(service, writer.collection.collection, row.targetKey)
        : writer.address(row.legacyKey);
    return `PATCH ${pathRoot}${byKey}${query}`;
  }
}

/** Adds members to a JSON object without parsing it. */
function spliced(object: string, members: string): string {
  const end = object.lastIndexOf('}');
  const empty = /^\s*\{\s*$/.test(object.slice(0, end));
  return `${object.slice(0, end)}${empty ? '' : ','}${members}}`;
}

/** A row that is created by POST carries its legacy key itself; the body may hold it already. */
function withKey(body: string, property: string, legacyKey: string): string {
  // Within a JSON string a quote is escaped, so this sequence can only be a member's name.
  if (body.includes(`"${property}":`) || body.includes(`"${property}" :`)) return body;
  return spliced(body, `"${property}":${JSON.stringify(legacyKey)}`);
}

function noReference(field: string, where: object): LandfallError {
  return new LandfallError({
    code: 'target.not-a-reference',
    kind: 'permanent',
    what: 'The target has no lookup of that name that leads to that collection.',
    where: { ...where, field },
    hint: 'Run `landfall check`: it lists where each reference of the target may point.',
  });
}
