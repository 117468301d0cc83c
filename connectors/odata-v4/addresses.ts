import { LandfallError } from '../../model/errors.ts';
import type { TargetCollection } from '../port.ts';
import type { EntityType, Service } from './metadata.ts';

/**
 * A value as OData's URL syntax writes it, not yet percent-encoded: text in quotes with quotes doubled, all else bare
 * (OData 4.0 part 2, 5.1.1.6.1 Primitive Literals).
 */
export function literal(type: string, value: string): string {
  if (type === 'Edm.String') return `'${value.replaceAll("'", "''")}'`;
  if (/^[\w.:+-]+$/.test(value)) return value;
  throw new RangeError('not a value of that type');
}

/** The type of a set. @throws LandfallError `target.missing-collection` */
export function typeOf(service: Service, collection: string, where: object): EntityType {
  const type = service.sets.get(collection);
  if (type) return type;
  throw new LandfallError({
    code: 'target.missing-collection',
    kind: 'permanent',
    what: `The target has no collection ${collection}.`,
    where: { ...where, collection },
    hint: 'Check the blueprint against the target; `landfall check` gives the nearest names.',
  });
}

/** The address of a row by its own key. */
export function byTargetKey(service: Service, collection: string, targetKey: string): string {
  const type = service.sets.get(collection);
  const [name = ''] = type?.key ?? [];
  const edm = type?.properties.get(name)?.type ?? 'Edm.Guid';
  return `${collection}(${encodeURIComponent(literal(edm, targetKey))})`;
}

/** Gives the address of a row by its legacy key: the form that upserts. */
export function byLegacyKey(type: EntityType, collection: TargetCollection): (legacyKey: string) => string {
  const edm = type.properties.get(collection.legacyKey)?.type ?? 'Edm.String';
  const own = type.key.length === 1 && type.key[0] === collection.legacyKey;
  const head = own ? `${collection.collection}(` : `${collection.collection}(${collection.legacyKey}=`;
  return (legacyKey) => `${head}${encodeURIComponent(literal(edm, legacyKey))})`;
}

/** Conditions in one query, at most: Dataverse refuses more than 500. */
const ConditionLimit = 100;

/**
 * Filters that find rows by their legacy keys, encoded, each within `limit` characters. Written as `eq … or …`, because
 * Dataverse documents no `in`.
 */
export function keyFilters(
  type: EntityType,
  property: string,
  legacyKeys: readonly string[],
  limit = 6000,
): { filter: string; legacyKeys: string[] }[] {
  const edm = type.properties.get(property)?.type ?? 'Edm.String';
  const found: { filter: string; legacyKeys: string[] }[] = [];
  for (const legacyKey of legacyKeys) {
    const condition = `${property}%20eq%20${encodeURIComponent(literal(edm, legacyKey))}`;
    const last = found.at(-1);
    if (last && last.legacyKeys.length < ConditionLimit && last.filter.length + condition.length + 8 <= limit) {
      last.filter += `%20or%20${condition}`;
      last.legacyKeys.push(legacyKey);
    } else found.push({ filter: condition, legacyKeys: [legacyKey] });
  }
  return found;
}
