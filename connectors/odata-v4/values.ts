import type { ActualRow, TargetCollection } from '../port.ts';
import type { EntityType, Service } from './metadata.ts';
import { keyText } from './judge.ts';
import { ExactNumber, plainNumber, type JsonRow } from './numbers.ts';
import { referenceOf, type Reference } from './references.ts';

const logicalName = 'Microsoft.Dynamics.CRM.lookuplogicalname';

/** How the rows of a collection are asked for and read. */
export interface Reader {
  select: string;
  expand: string | null;
  /** What to ask for besides, in a Prefer header. */
  prefer: string | undefined;
  row(json: JsonRow): ActualRow;
}

/** Works out how to read every field of the collection's shape. */
export function readerOf(service: Service, type: EntityType, collection: TargetCollection): Reader {
  const references = new Map<string, Reference>();
  const select = new Set([collection.id, collection.legacyKey]);
  const expand: string[] = [];
  let polymorphic = false;
  for (const [field, shape] of Object.entries(collection.shape)) {
    if (shape.type.kind !== 'reference') {
      select.add(field);
      continue;
    }
    const reference = referenceOf(service, type, field);
    if (!reference) continue;
    references.set(field, reference);
    polymorphic ||= reference.arms.length > 1;
    if (reference.lookup === null) expand.push(...reference.arms.map((arm) => arm.navigation));
    else select.add(reference.lookup);
  }
  return {
    select: [...select].join(','),
    expand: expand.length === 0 ? null : expand.join(','),
    prefer: polymorphic ? `odata.include-annotations="${logicalName}"` : undefined,
    row(json) {
      const values: ActualRow['values'] = {};
      const pointsTo: Record<string, string> = {};
      for (const [field, shape] of Object.entries(collection.shape)) {
        const reference = references.get(field);
        if (reference) {
          const read = referenceValue(service, reference, json);
          values[field] = read.key;
          if (reference.arms.length > 1 && read.key !== null && read.collection) pointsTo[field] = read.collection;
        } else values[field] = scalar(shape.type.kind, json[field]);
      }
      const version = json['@odata.etag'];
      return {
        targetKey: keyText(json[collection.id]) ?? '',
        legacyKey: keyText(json[collection.legacyKey]),
        values,
        ...(Object.keys(pointsTo).length === 0 ? {} : { referenceCollections: pointsTo }),
        ...(typeof version === 'string' ? { version } : {}),
      };
    },
  };
}

function referenceValue(
  service: Service,
  reference: Reference,
  json: JsonRow,
): { key: string | null; collection: string | null } {
  if (reference.lookup !== null) {
    const key = keyText(json[reference.lookup]);
    const name = json[`${reference.lookup}@${logicalName}`];
    const arm = reference.arms.find(({ collections }) =>
      collections.some((set) => typeof name === 'string' && service.sets.get(set)?.name.endsWith(`.${name}`)),
    );
    return { key, collection: arm?.collections[0] ?? null };
  }
  for (const arm of reference.arms) {
    const row = json[arm.navigation];
    const [set] = arm.collections;
    const key = set === undefined ? undefined : service.sets.get(set)?.key[0];
    if (typeof row !== 'object' || row === null || key === undefined) continue;
    return { key: keyText((row as JsonRow)[key]), collection: set ?? null };
  }
  return { key: null, collection: null };
}

/** A value as staging holds it: exact numbers as text, instants with Z. */
export function scalar(kind: string, value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  if (kind === 'decimal' || kind === 'bigint') return plainNumber(value) ?? textOf(value);
  if (kind === 'integer' || kind === 'choice') {
    const number = typeof value === 'number' ? value : Number(textOf(value));
    return Number.isSafeInteger(number) ? number : textOf(value);
  }
  if (kind === 'boolean') return typeof value === 'boolean' ? value : textOf(value);
  if (kind === 'timestamp') return instant(textOf(value));
  return textOf(value);
}

/** Brings an instant to UTC without touching its fraction of a second. */
function instant(text: string): string {
  const match = /^(.*T\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d:\d\d)$/.exec(text);
  if (!match) return text;
  const [, local = '', fraction = '', offset = ''] = match;
  const at = new Date(`${local}${offset}`);
  return Number.isNaN(at.getTime()) ? text : `${at.toISOString().slice(0, 19)}${fraction}Z`;
}

function textOf(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** A value of reference data as text. */
export function asText(value: unknown): string | null {
  return value === null || value === undefined ? null : (plainNumber(value) ?? textOf(value));
}
