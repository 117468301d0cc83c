import type { RowOutcome } from '../port.ts';
import type { AnswerPart } from './batch-format.ts';
import type { Entry, PlannedDocument } from './compose.ts';
import { errorBody } from './errors.ts';
import { plainNumber, type JsonRow } from './numbers.ts';
import { isThrottled, retryAfter } from './session.ts';

/** A row that the target says it wrote. Believed only once it was seen. */
export interface Claim {
  entry: Entry;
  outcome: 'created' | 'updated';
  /** Null when the target answered without saying which row it wrote. */
  targetKey: string | null;
  version: string | null;
}

/** What the answers say of one document. */
export type Verdict =
  | { kind: 'claimed'; claims: Claim[] }
  | { kind: 'decided'; outcomes: RowOutcome[] }
  /** Not done, and to be sent again: after waiting, or with a fresh token. */
  | { kind: 'again'; waitMs: number }
  /** No answer bears a number of this document. */
  | { kind: 'unanswered' };

const duplicate = /duplicate|already exists|unique (?:key|constraint|index)|0x80040237|0x80060892/i;

/** Judges one document by the answers that carry its numbers. `anonymous` are failures known to be its own. */
export function judge(
  document: PlannedDocument,
  answers: readonly (AnswerPart | undefined)[],
  anonymous: readonly AnswerPart[],
): Verdict {
  const failures = [...answers.filter((one) => one !== undefined && one.status >= 300), ...anonymous] as AnswerPart[];
  const [failure] = failures;
  if (!failure) {
    if (answers.every((one) => one === undefined)) return { kind: 'unanswered' };
    return claimed(document, answers);
  }
  if (failures.some((one) => one.status === 401)) return { kind: 'again', waitMs: 0 };
  const waits = failures.map((one) => ({
    one,
    wait: retryAfter(one.headers.get('retry-after'), one.headers.get('date')),
  }));
  const throttled = waits.filter(({ one, wait }) => isThrottled(one.status, wait));
  if (throttled.length > 0) return { kind: 'again', waitMs: Math.max(...throttled.map(({ wait }) => wait ?? 1000)) };

  // A duplicate key is an answer about the row even where it comes as a failure of the server.
  const broken = failures.some((one) => one.status >= 500 && !duplicate.test(one.body));
  if (broken) return { kind: 'decided', outcomes: uncertain(document, `the target failed (HTTP ${failure.status})`) };
  return { kind: 'decided', outcomes: refused(document, answers, failure) };
}

function claimed(document: PlannedDocument, answers: readonly (AnswerPart | undefined)[]): Verdict {
  const claims: Claim[] = [];
  for (const [index, entry] of document.entries.entries()) {
    const answer = answers[index];
    if (!answer) return { kind: 'decided', outcomes: uncertain(document, 'a row of the document was not answered') };
    const outcome = entry.creates || answer.status === 201 ? 'created' : 'updated';
    const row = answer.body === '' ? null : rowOf(answer.body);
    if (row === null) {
      claims.push({ entry, outcome, targetKey: null, version: answer.headers.get('etag') ?? null });
      continue;
    }
    const targetKey = keyText(row[entry.collection.id]);
    if (keyText(row[entry.collection.legacyKey]) !== entry.legacyKey || targetKey === null) {
      return { kind: 'decided', outcomes: uncertain(document, 'the answer is about a row with another key') };
    }
    const version = row['@odata.etag'];
    claims.push({ entry, outcome, targetKey, version: typeof version === 'string' ? version : null });
  }
  return { kind: 'claimed', claims };
}

function refused(
  document: PlannedDocument,
  answers: readonly (AnswerPart | undefined)[],
  first: AnswerPart,
): RowOutcome[] {
  const own = document.entries.findIndex((_entry, index) => answers[index] === first);
  const single = document.entries.length === 1;
  return document.entries.map((entry, index) => {
    const { legacyKey } = entry;
    const { collection } = entry.collection;
    const answer = answers[index];
    const about = answer && answer.status >= 300 ? answer : single || own === -1 ? first : undefined;
    if (!about) {
      const message = 'Another row of the same document was refused.';
      return { legacyKey, collection, outcome: 'refused', code: 'document', message };
    }
    const said = errorBody(about.body);
    const message = said?.message ?? about.body.slice(0, 500);
    const field = fieldIn(message, entry);
    return {
      legacyKey,
      collection,
      outcome: 'refused',
      code: said?.code ? said.code : `http-${about.status}`,
      message,
      ...(field === undefined ? {} : { field }),
    };
  });
}

/** The first name in the message that is a field of the blueprint. */
function fieldIn(message: string, entry: Entry): string | undefined {
  for (const [, name = ''] of message.matchAll(/['"]([A-Za-z_]\w*)['"]/g)) {
    const plain = /^_(.+)_value$/.exec(name)?.[1] ?? name;
    if (Object.hasOwn(entry.collection.shape, plain)) return plain;
  }
  return undefined;
}

/** The same doubt about every row of a document: they stand or fall together. */
export function uncertain(document: PlannedDocument, reason: string): RowOutcome[] {
  return document.entries.map(({ legacyKey, collection }) => ({
    legacyKey,
    collection: collection.collection,
    outcome: 'uncertain',
    reason,
  }));
}

/** A document that the service takes in no request of its own: that is about the row, and no other has to wait for it. */
export function tooLarge(document: PlannedDocument): RowOutcome[] {
  const message = 'The request is too large for the target.';
  return document.entries.map(({ legacyKey, collection }) => ({
    legacyKey,
    collection: collection.collection,
    outcome: 'refused',
    code: 'http-413',
    message,
  }));
}

/** A key as text, whatever JSON made of it. */
export function keyText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return plainNumber(value);
}

function rowOf(body: string): JsonRow | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? (parsed as JsonRow) : null;
  } catch {
    return null;
  }
}

/** A row as it was seen after the write. */
export interface Sighting {
  targetKey: string;
  version: string | null;
}

/**
 * What is said of a document whose rows the target claims to have written. A service may answer 201 for members of a
 * change set that it rolled back, so a row counts as written when it is there under the answered key, in a version not
 * older than the answered one.
 */
export function confirm(
  document: PlannedDocument,
  claims: readonly Claim[],
  seen: (entry: Entry) => readonly Sighting[],
): RowOutcome[] {
  const outcomes: RowOutcome[] = [];
  for (const { entry, outcome, targetKey, version } of claims) {
    const sightings = seen(entry);
    const sighting = targetKey === null ? sightings[0] : sightings.find((one) => one.targetKey === targetKey);
    if (!sighting) return uncertain(document, 'answered as written, but it is not there');
    if (isOlder(sighting.version, version)) return uncertain(document, 'answered as written, but it was rolled back');
    const { legacyKey } = entry;
    outcomes.push({ legacyKey, collection: entry.collection.collection, outcome, targetKey: sighting.targetKey });
  }
  return outcomes;
}

/** Versions that count upwards (Dataverse's row versions) can be compared; of others nothing is concluded. */
function isOlder(seen: string | null, answered: string | null): boolean {
  const count = (version: string | null): bigint | null => {
    const digits = /^W\/"(\d+)"$/.exec(version ?? '')?.[1];
    return digits === undefined ? null : BigInt(digits);
  };
  const [a, b] = [count(seen), count(answered)];
  return a !== null && b !== null && a < b;
}
