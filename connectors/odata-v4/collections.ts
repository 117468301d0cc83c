import type { CollectionDescription, Holds } from '../port.ts';
import type { EntityType, Property, Service } from './metadata.ts';
import { referenceOf } from './references.ts';
import type { Session } from './session.ts';

/** Primitive types of CSDL 4.0 (4.4) without facets. */
const plain: Record<string, Holds> = {
  'Edm.Byte': { kind: 'integer', bits: 8 },
  'Edm.Int16': { kind: 'integer', bits: 16 },
  'Edm.Int32': { kind: 'integer', bits: 32 },
  'Edm.Int64': { kind: 'bigint' },
  'Edm.Boolean': { kind: 'boolean' },
  'Edm.Date': { kind: 'date' },
  'Edm.DateTimeOffset': { kind: 'instant' },
  'Edm.Guid': { kind: 'uuid' },
  'Edm.Single': { kind: 'float' },
  'Edm.Double': { kind: 'float' },
  'Edm.Binary': { kind: 'bytes' },
  'Edm.Stream': { kind: 'bytes' },
};

function holdsOf({ type, maxLength, precision, scale }: Property): Holds {
  if (type === 'Edm.String') return { kind: 'text', max: maxLength };
  if (type === 'Edm.Decimal') return { kind: 'decimal', precision, scale };
  return plain[type] ?? { kind: 'other' };
}

/** The fields through which rows of a type point at others, each under the name that a blueprint calls it by. */
function referencesOf(service: Service, type: EntityType): CollectionDescription['references'] {
  const names = type.navigations.map(
    ({ name, constrains }) => /^_(.+)_value$/.exec(constrains ?? '')?.[1] ?? constrains ?? name,
  );
  return [...new Set(names)].flatMap((field) => {
    const collections = referenceOf(service, type, field)?.arms.flatMap((arm) => arm.collections) ?? [];
    return collections.length === 0 ? [] : [{ field, collections }];
  });
}

/** What the service's $metadata says can be written, as it is now. */
export async function listCollections(session: Session): Promise<CollectionDescription[]> {
  return collectionsOf(await session.metadata({ fresh: true }));
}

/** What can be written to each set of a service whose rows have one key. */
export function collectionsOf(service: Service): CollectionDescription[] {
  return [...service.sets].flatMap(([collection, type]) => {
    const [id] = type.key;
    if (id === undefined || type.key.length > 1) return [];
    const references = referencesOf(service, type);
    const lookups = new Set([...references.map((one) => one.field), ...type.navigations.map((one) => one.constrains)]);
    const properties = [...type.properties.values()].filter((one) => !one.computed && !lookups.has(one.name));
    return [
      {
        collection,
        type: type.name.slice(type.name.lastIndexOf('.') + 1),
        id,
        alternateKeys: type.alternateKeys.flatMap((key) => (key.length === 1 ? key : [])),
        properties: properties
          .filter((one) => one.name !== id && one.type !== 'Edm.Stream')
          .map((one) => ({ name: one.name, holds: holdsOf(one), required: !one.nullable && !one.hasDefault })),
        references,
        files: properties.filter((one) => one.type === 'Edm.Stream').map((one) => one.name),
      },
    ];
  });
}
