import type { EntityType, Service } from './metadata.ts';

/** One collection that a reference may point at, with the navigation property that sets it. */
export interface ReferenceArm {
  navigation: string;
  collections: string[];
}

/** How a reference is written and read. */
export interface Reference {
  /** The property that holds the key of the row pointed at; null where only expanding tells. */
  lookup: string | null;
  arms: ReferenceArm[];
}

/**
 * Finds what a blueprint's field means in the service: the name of a lookup (`parentcustomerid`, read as
 * `_parentcustomerid_value` and set through one navigation property for each collection it may point at), a foreign key
 * property, or a navigation property itself.
 *
 * Source: Dataverse Web API, “Lookup properties” and “Multi-table lookups”; OData CSDL 4.0, 8.5 ReferentialConstraint.
 */
export function referenceOf(service: Service, type: EntityType, field: string): Reference | null {
  const through = (property: string): Reference | null => {
    const navigations = type.navigations.filter((one) => one.constrains === property);
    if (navigations.length === 0) return null;
    return {
      lookup: type.properties.has(property) ? property : null,
      arms: navigations.map((one) => ({ navigation: one.name, collections: service.setsOf(one.type) })),
    };
  };
  const direct = type.navigations.find((one) => one.name === field);
  return (
    through(`_${field}_value`) ??
    through(field) ??
    (direct
      ? {
          lookup: direct.constrains !== null && type.properties.has(direct.constrains) ? direct.constrains : null,
          arms: [{ navigation: direct.name, collections: service.setsOf(direct.type) }],
        }
      : null)
  );
}

/** The navigation property that makes a reference point at a row of `collection`. */
export function navigationTo(reference: Reference, collection: string): string | null {
  return reference.arms.find((arm) => arm.collections.includes(collection))?.navigation ?? null;
}
