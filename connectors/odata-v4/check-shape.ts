import { createHash } from 'node:crypto';
import { distance } from 'fastest-levenshtein';
import type { Problem } from '../../model/errors.ts';
import type { FieldKind, FieldShape } from '../../model/shape.ts';
import type { TargetCall, TargetCollection } from '../port.ts';
import type { EntityType, Property, Service } from './metadata.ts';
import { navigationTo, referenceOf } from './references.ts';
import type { Session } from './session.ts';

type Say = (code: string, what: string, hint: string, field?: string, severity?: Problem['severity']) => void;

/** Every way in which the service's metadata disagrees with what a blueprint says it will write. */
export async function checkShape(
  session: Session,
  collection: TargetCollection,
  call?: TargetCall,
): Promise<Problem[]> {
  const service = await session.metadata({ fresh: true, call });
  const problems: Problem[] = [];
  const say: Say = (code, what, hint, field, severity = 'error') => {
    const where = { ...session.where, collection: collection.collection, ...(field === undefined ? {} : { field }) };
    problems.push({ code, what, where, hint, severity });
  };
  const type = service.sets.get(collection.collection);
  if (!type) {
    const hint = nearest(collection.collection, [...service.sets.keys()]);
    say('target.missing-collection', `The target has no collection ${collection.collection}.`, hint);
    return problems;
  }
  checkKeys(type, collection, say);
  for (const [field, shape] of Object.entries(collection.shape)) {
    if (shape.type.kind === 'reference') checkReference(service, type, field, shape.type.collections, say);
    else checkField(type, field, shape, say);
  }
  for (const property of type.properties.values()) checkNeeded(type, property, collection, say);
  return problems;
}

function checkKeys(type: EntityType, collection: TargetCollection, say: Say): void {
  const names = [...type.properties.keys()];
  for (const name of new Set([collection.id, collection.legacyKey])) {
    if (!type.properties.has(name)) {
      say('target.missing-property', `The target’s rows have no property ${name}.`, nearest(name, names), name);
    }
  }
  const unique = [type.key, ...type.alternateKeys].some((key) => key.length === 1 && key[0] === collection.legacyKey);
  if (collection.write === 'upsert' && type.properties.has(collection.legacyKey) && !unique) {
    const keys = type.alternateKeys.map((key) => key.join(' + ')).join(', ');
    say(
      'target.not-a-key',
      `The target cannot upsert on ${collection.legacyKey}: it is not an alternate key.`,
      `Define an alternate key on ${collection.legacyKey} alone and wait until it is active` +
        `${keys === '' ? '' : ` (there are: ${keys})`}, or write with 'create'.`,
      collection.legacyKey,
    );
  }
}

function checkReference(
  service: Service,
  type: EntityType,
  field: string,
  collections: readonly string[],
  say: Say,
): void {
  const reference = referenceOf(service, type, field);
  if (!reference) {
    const lookups = type.navigations.map((one) => /^_(.+)_value$/.exec(one.constrains ?? '')?.[1] ?? one.name);
    say('target.missing-reference', `The target’s rows have no lookup ${field}.`, nearest(field, lookups), field);
    return;
  }
  for (const collection of collections) {
    if (navigationTo(reference, collection) !== null) continue;
    const possible = reference.arms.flatMap((arm) => arm.collections).join(', ');
    say(
      'target.wrong-reference',
      `The lookup ${field} cannot point at ${collection}.`,
      `It can point at: ${possible === '' ? 'nothing that the service exposes' : possible}.`,
      field,
    );
  }
}

function checkField(type: EntityType, field: string, shape: FieldShape, say: Say): void {
  const property = type.properties.get(field);
  if (!property) {
    const hint = nearest(field, [...type.properties.keys()]);
    say('target.missing-property', `The target’s rows have no property ${field}.`, hint, field);
    return;
  }
  if (property.computed) {
    say('target.read-only', `The target computes ${field} itself.`, 'Take it out of the mapping.', field);
  }
  const unfit = misfit(shape.type, property);
  if (unfit) {
    const hint = 'Change the shape in the blueprint, or widen the property in the target.';
    say(unfit.code, `The target’s ${field} is ${printed(property)}: ${unfit.why}.`, hint, field);
  }
  if (!shape.required && !property.nullable) {
    const hint = 'Take `.nullable()` away, so that rows without a value are rejected before they are sent.';
    say('target.not-nullable', `The target wants a value for ${field}, and the shape allows none.`, hint, field);
  }
}

function misfit(kind: FieldKind, property: Property): { code: string; why: string } | null {
  const { type } = property;
  const other = { code: 'target.wrong-type', why: `it cannot hold a value of kind ${kind.kind}` };
  const narrow = (why: string) => ({ code: 'target.too-narrow', why });
  const only = (...types: string[]) => (types.includes(type) ? null : other);
  switch (kind.kind) {
    case 'text':
      if (type !== 'Edm.String') return other;
      return property.maxLength !== null && property.maxLength < kind.max
        ? narrow(`it holds ${property.maxLength} characters, and the shape allows ${kind.max}`)
        : null;
    case 'decimal': {
      if (type !== 'Edm.Decimal') return other;
      const { precision, scale } = property;
      const tooFine = scale !== null && scale < kind.scale;
      const whole = kind.precision - kind.scale;
      const tooLarge = precision !== null && precision - (scale ?? kind.scale) < whole;
      return tooFine || tooLarge
        ? narrow(`the shape allows ${whole} digits before the point and ${kind.scale} after it`)
        : null;
    }
    case 'integer': {
      const low = kind.min ?? -(2 ** 31);
      const high = kind.max ?? 2 ** 31 - 1;
      if (type === 'Edm.Int16' && low >= -32_768 && high <= 32_767) return null;
      if (type === 'Edm.Byte' && low >= 0 && high <= 255) return null;
      return only('Edm.Int32', 'Edm.Int64') && narrowOrOther(type, other, narrow('the shape allows larger numbers'));
    }
    case 'bigint':
      return only('Edm.Int64') && narrowOrOther(type, other, narrow('the shape allows 64-bit integers'));
    case 'boolean':
      return only('Edm.Boolean');
    case 'date':
      return only('Edm.Date');
    case 'timestamp':
      return only('Edm.DateTimeOffset');
    case 'uuid':
      return only('Edm.Guid');
    case 'choice':
      return type.startsWith('Edm.') ? only('Edm.Int32', 'Edm.Int64', 'Edm.Int16', 'Edm.Byte') : null;
    case 'reference':
      return null;
  }
}

function narrowOrOther<T>(type: string, other: T, narrow: T): T {
  return ['Edm.Byte', 'Edm.SByte', 'Edm.Int16', 'Edm.Int32'].includes(type) ? narrow : other;
}

function checkNeeded(type: EntityType, property: Property, collection: TargetCollection, say: Say): void {
  const { name } = property;
  if (property.nullable || property.computed || property.hasDefault) return;
  if (type.key.includes(name) || name === collection.legacyKey || Object.hasOwn(collection.shape, name)) return;
  const hint = 'Map it, unless the target fills it by itself.';
  say(
    'target.needs-value',
    `The target wants a value for ${name}, and the blueprint maps none.`,
    hint,
    name,
    'warning',
  );
}

function printed(property: Property): string {
  const facets = [
    property.maxLength === null ? null : `MaxLength ${property.maxLength}`,
    property.type === 'Edm.Decimal' && property.precision !== null ? `Precision ${property.precision}` : null,
    property.type === 'Edm.Decimal' && property.scale !== null ? `Scale ${property.scale}` : null,
  ].filter((one) => one !== null);
  return facets.length === 0 ? property.type : `${property.type} (${facets.join(', ')})`;
}

/** The names that differ least from a wanted one, as a hint. */
function nearest(wanted: string, names: readonly string[]): string {
  const close = [...new Set(names)]
    .map((name) => ({ name, far: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter((one) => one.far <= Math.max(2, wanted.length / 3))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map((one) => one.name);
  return close.length === 0
    ? 'Check the name against the target’s $metadata.'
    : `The nearest names are: ${close.join(', ')}.`;
}

/** A digest for each collection that changes when what Landfall relies on does: properties, facets, lookups, keys. */
export async function fingerprint(
  session: Session,
  collections: readonly string[],
  call?: TargetCall,
): Promise<Record<string, string>> {
  const service = await session.metadata({ fresh: true, call });
  return Object.fromEntries(
    collections.map((collection) => {
      const type = service.sets.get(collection);
      const properties = [...(type?.properties.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
      const navigations = [...(type?.navigations ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
      const said = JSON.stringify([type?.name, type?.key, type?.alternateKeys, properties, navigations]);
      return [collection, createHash('sha256').update(said).digest('hex')];
    }),
  );
}
