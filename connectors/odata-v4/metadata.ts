import { XMLParser } from 'fast-xml-parser';
import { protocolError } from './errors.ts';

/** A property of an entity type, with the facets that limit what it can hold. */
export interface Property {
  name: string;
  /** `Edm.String`, `Edm.Decimal`, … or the full name of an enumeration. */
  type: string;
  nullable: boolean;
  maxLength: number | null;
  precision: number | null;
  /** Null when the service says `variable`, or nothing for a type that has no scale. */
  scale: number | null;
  /** The service computes it: writing is in vain. */
  computed: boolean;
  hasDefault: boolean;
}

/** A navigation property that leads to one row. */
export interface Navigation {
  name: string;
  /** The full name of the entity type it leads to. */
  type: string;
  /** The property that holds the key of the row it leads to, where the service declares one. */
  constrains: string | null;
}

export interface EntityType {
  name: string;
  key: string[];
  properties: Map<string, Property>;
  navigations: Navigation[];
  /** Sets of properties that are unique together, besides the key. */
  alternateKeys: string[][];
}

/** What a service says of itself (OData CSDL 4.0), as far as moving rows needs it. */
export interface Service {
  sets: Map<string, EntityType>;
  /** The sets whose rows are of an entity type. */
  setsOf(type: string): string[];
}

/** An XML element: attributes as text, children as lists. */
interface Element {
  [name: string]: string | Element[] | undefined;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseAttributeValue: false,
  parseTagValue: false,
  alwaysCreateTextNode: true,
  isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
});

function children(of: Element | undefined, name: string): Element[] {
  const found = of?.[name];
  return Array.isArray(found) ? found.filter((one) => typeof one === 'object') : [];
}

function attribute(of: Element, name: string): string | undefined {
  const value = of[`@${name}`];
  return typeof value === 'string' ? value : undefined;
}

/**
 * Reads a CSDL document.
 *
 * @throws LandfallError `target.not-odata` when it is none
 */
export function readMetadata(xml: string, where: object): Service {
  let document: Element;
  try {
    document = parser.parse(xml) as Element;
  } catch {
    throw protocolError('The target’s $metadata is not XML.', where);
  }
  const schemas = children(document, 'Edmx').flatMap((edmx) =>
    children(edmx, 'DataServices').flatMap((services) => children(services, 'Schema')),
  );
  if (schemas.length === 0) throw protocolError('The target’s $metadata holds no schema.', where);

  const aliases = new Map<string, string>();
  for (const schema of schemas) {
    const alias = attribute(schema, 'Alias');
    if (alias !== undefined) aliases.set(alias, attribute(schema, 'Namespace') ?? alias);
  }
  const full = (name: string): string => {
    const dot = name.lastIndexOf('.');
    const namespace = aliases.get(name.slice(0, dot));
    return namespace === undefined ? name : `${namespace}${name.slice(dot)}`;
  };

  const annotations = new Map<string, Element[]>();
  for (const group of schemas.flatMap((schema) => children(schema, 'Annotations'))) {
    const [head = '', ...tail] = (attribute(group, 'Target') ?? '').split('/');
    const target = [full(head), ...tail].join('/');
    annotations.set(target, [...(annotations.get(target) ?? []), ...children(group, 'Annotation')]);
  }

  const declared = new Map<string, Element>();
  for (const schema of schemas) {
    for (const type of children(schema, 'EntityType')) {
      declared.set(`${attribute(schema, 'Namespace') ?? ''}.${attribute(type, 'Name') ?? ''}`, type);
    }
  }

  const types = new Map<string, EntityType>();
  const typeOf = (name: string): EntityType | undefined => {
    const known = types.get(name);
    const element = declared.get(name);
    if (known || !element) return known;
    const base = attribute(element, 'BaseType');
    const parent = base === undefined ? undefined : typeOf(full(base));
    const external = annotations.get(name) ?? [];
    const type: EntityType = {
      name,
      key: [...(parent?.key ?? []), ...children(element, 'Key').flatMap((key) => refs(key))],
      properties: new Map(parent?.properties),
      navigations: [...(parent?.navigations ?? []), ...children(element, 'NavigationProperty').flatMap(navigationOf)],
      alternateKeys: [
        ...(parent?.alternateKeys ?? []),
        ...alternateKeys([...children(element, 'Annotation'), ...external]),
      ],
    };
    for (const one of children(element, 'Property')) {
      const property = propertyOf(one, annotations.get(`${name}/${attribute(one, 'Name') ?? ''}`) ?? []);
      type.properties.set(property.name, property);
    }
    types.set(name, type);
    return type;
  };
  const navigationOf = (element: Element): Navigation[] => {
    const type = attribute(element, 'Type') ?? '';
    if (type.startsWith('Collection(')) return [];
    const [constraint] = children(element, 'ReferentialConstraint');
    const constrains = constraint ? (attribute(constraint, 'Property') ?? null) : null;
    return [{ name: attribute(element, 'Name') ?? '', type: full(type), constrains }];
  };

  const sets = new Map<string, EntityType>();
  for (const schema of schemas) {
    for (const container of children(schema, 'EntityContainer')) {
      for (const set of children(container, 'EntitySet')) {
        const type = typeOf(full(attribute(set, 'EntityType') ?? ''));
        if (type) sets.set(attribute(set, 'Name') ?? '', type);
      }
    }
  }
  return { sets, setsOf: (type) => [...sets].flatMap(([set, of]) => (of.name === type ? [set] : [])) };
}

function refs(key: Element): string[] {
  return children(key, 'PropertyRef').map((ref) => attribute(ref, 'Name') ?? '');
}

function propertyOf(element: Element, external: Element[]): Property {
  const marks = [...children(element, 'Annotation'), ...external];
  const computed = marks.some((mark) => {
    const term = attribute(mark, 'Term') ?? '';
    if (/(^|\.)Core(\.V1)?\.Computed$/.test(term)) return attribute(mark, 'Bool') !== 'false';
    return /(^|\.)Core(\.V1)?\.Permissions$/.test(term) && (attribute(mark, 'EnumMember') ?? '').endsWith('/Read');
  });
  return {
    name: attribute(element, 'Name') ?? '',
    type: attribute(element, 'Type') ?? 'Edm.String',
    nullable: attribute(element, 'Nullable') !== 'false',
    maxLength: facet(element, 'MaxLength'),
    precision: facet(element, 'Precision'),
    // CSDL 4.0, 6.2.4: a decimal without the Scale facet has no digits after the point.
    scale: facet(element, 'Scale') ?? (attribute(element, 'Scale') === undefined ? 0 : null),
    computed,
    hasDefault: attribute(element, 'DefaultValue') !== undefined,
  };
}

function facet(of: Element, name: string): number | null {
  const value = attribute(of, name);
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}

/** `OData.Community.Keys.V1.AlternateKeys` (Dataverse) and `Org.OData.Core.V1.AlternateKeys` have the same form. */
function alternateKeys(annotations: Element[]): string[][] {
  const records = (of: Element): Element[] =>
    children(of, 'Collection').flatMap((collection) => children(collection, 'Record'));
  return annotations
    .filter((one) => (attribute(one, 'Term') ?? '').endsWith('.AlternateKeys'))
    .flatMap(records)
    .map((key) =>
      children(key, 'PropertyValue')
        .filter((value) => attribute(value, 'Property') === 'Key')
        .flatMap(records)
        .flatMap((ref) =>
          children(ref, 'PropertyValue')
            .filter((value) => attribute(value, 'Property') === 'Name')
            .map((value) => attribute(value, 'PropertyPath') ?? attribute(value, 'String') ?? ''),
        ),
    );
}
