import type { TargetCall } from '../port.ts';
import { keyFilters } from './addresses.ts';
import { requestPart, type AnswerPart } from './batch-format.ts';
import type { Entry, PlannedDocument, Writer } from './compose.ts';
import { findByLegacyKey } from './find.ts';
import { keyText, type Claim, type Sighting } from './judge.ts';
import { parseExactly, type JsonRow } from './numbers.ts';
import type { Session } from './session.ts';

/** What was seen of a row after it was written. */
export type Seen = (entry: Entry) => readonly Sighting[];

/** A request within a batch for rows that the same batch writes. */
export interface Question {
  contentId: string;
  collection: Entry['collection'];
  part: string;
}

/** Asks for the rows of a batch by their legacy keys, in the batch itself and after all of its change sets. */
export function questionsFor(
  session: Session,
  group: readonly PlannedDocument[],
  writerOf: (collection: Entry['collection']) => Writer,
  nextId: () => number,
): Question[] {
  // Only Dataverse documents that a batch is worked through in its order.
  if (session.settings.dialect !== 'dataverse') return [];
  const keys = new Map<Writer, string[]>();
  for (const { entries } of group) {
    for (const entry of entries) {
      const writer = writerOf(entry.collection);
      const list = keys.get(writer);
      if (list) list.push(entry.legacyKey);
      else keys.set(writer, [entry.legacyKey]);
    }
  }
  const headers = 'Accept: application/json;odata.metadata=minimal;IEEE754Compatible=true\r\n';
  return [...keys].flatMap(([{ collection, type, select }, legacyKeys]) =>
    // Within a batch an address may take 64 KiB.
    keyFilters(type, collection.legacyKey, legacyKeys, 32_000).map(({ filter }) => {
      const contentId = nextId();
      const path = `${session.root.pathname}${collection.collection}?$select=${select}&$filter=${filter}`;
      return { contentId: String(contentId), collection, part: requestPart(contentId, `GET ${path}`, headers) };
    }),
  );
}

/** The rows that the questions of a batch found; null unless every question was answered in full. */
export function seenIn(
  answers: readonly AnswerPart[],
  byId: ReadonlyMap<string, AnswerPart>,
  questions: readonly Question[],
  group: readonly PlannedDocument[],
): Seen | null {
  if (questions.length === 0) return null;
  const numbered = questions.map(({ contentId }) => byId.get(contentId));
  const loose = answers.filter((one) => one.changeSet === null && one.status === 200 && one.contentId === null);
  const found = numbered.every((one) => one !== undefined) ? numbered : loose;
  if (found.length !== questions.length) return null;
  const collections = new Map(
    group.flatMap(({ entries }) => entries.map(({ collection }) => [collection.collection, collection] as const)),
  );
  const seen = new Map<string, Map<string, Sighting[]>>();
  for (const one of found) {
    const body = one.status === 200 ? (parseExactly(one.body) as JsonRow) : {};
    const rows = body['value'];
    const context = /#(\w+)/.exec(String(body['@odata.context']))?.[1] ?? '';
    const collection = collections.get(context);
    if (!Array.isArray(rows) || !collection || body['@odata.nextLink'] !== undefined) return null;
    const byKey = seen.get(context) ?? new Map<string, Sighting[]>();
    seen.set(context, byKey);
    for (const row of rows as JsonRow[]) add(byKey, keyText(row[collection.legacyKey]), sightingOf(row, collection.id));
  }
  return lookup(seen);
}

function sightingOf(row: JsonRow, id: string): Sighting {
  const version = row['@odata.etag'];
  return { targetKey: keyText(row[id]) ?? '', version: typeof version === 'string' ? version : null };
}

function add(byKey: Map<string, Sighting[]>, legacyKey: string | null, sighting: Sighting): void {
  if (legacyKey === null) return;
  const list = byKey.get(legacyKey);
  if (list) list.push(sighting);
  else byKey.set(legacyKey, [sighting]);
}

/** Looks the rows up by a request of their own, where the batch's questions were not answered. */
export async function lookedUp(session: Session, claims: readonly Claim[], call: TargetCall): Promise<Seen> {
  const known = new Map<string, Map<string, Sighting[]>>();
  const collections = new Map(claims.map(({ entry }) => [entry.collection.collection, entry.collection]));
  for (const [name, collection] of collections) {
    const byKey = new Map<string, Sighting[]>();
    const keys = claims.flatMap(({ entry }) => (entry.collection.collection === name ? [entry.legacyKey] : []));
    const rows = await findByLegacyKey(session, collection, keys, call);
    for (const { legacyKey, targetKey, version } of rows) add(byKey, legacyKey, { targetKey, version });
    known.set(name, byKey);
  }
  return lookup(known);
}

function lookup(seen: ReadonlyMap<string, ReadonlyMap<string, Sighting[]>>): Seen {
  return (entry) => seen.get(entry.collection.collection)?.get(entry.legacyKey) ?? [];
}
