import type { CatalogueColumn, CatalogueTable, CollectionDescription, Holds } from '../../connectors/port.ts';
import { propose } from '../../proposal/propose.ts';
import type { Proposal, ProposedEntity, ProposedField } from '../../proposal/proposal.ts';

const kinds: Record<string, Holds> = {
  integer: { kind: 'integer', bits: 32 },
  text: { kind: 'text', max: null },
  date: { kind: 'date' },
  timestamp: { kind: 'localTime' },
  boolean: { kind: 'boolean' },
  uuid: { kind: 'uuid' },
  bytea: { kind: 'bytes' },
  numeric: { kind: 'decimal', precision: null, scale: null },
  'numeric(18,2)': { kind: 'decimal', precision: 18, scale: 2 },
  mood: { kind: 'enum', values: ['glad', 'so-so (fine)'] },
  inet: { kind: 'other' },
};

/** `name type`, with `?` after the type where it may be empty, and `=` where the source computes it. */
function column(said: string): CatalogueColumn {
  const [name = '', type = ''] = said.split(' ');
  const nativeType = type.replace(/[?=]$/, '');
  return {
    name,
    nativeType,
    holds: kinds[nativeType] ?? { kind: 'other' },
    nullable: type.endsWith('?'),
    generated: type.endsWith('='),
    comment: null,
  };
}

/** A table in few words. @param of.references `columns → table (columns)` */
export function aTable(
  name: string,
  of: {
    key?: string[];
    columns: string[];
    references?: [columns: string[], table: string, at: string[]][];
    estimatedRows?: number;
    children?: number;
    comment?: string;
  },
): CatalogueTable {
  const { key = ['id'], columns, references = [], ...more } = of;
  return {
    object: `app.${name}`,
    schema: 'app',
    table: name,
    comment: null,
    estimatedRows: 0,
    children: 0,
    ...more,
    key,
    columns: columns.map(column),
    references: references.map(([own, object, at]) => ({ columns: own, object: `app.${object}`, at })),
  };
}

/** A collection in few words: its text properties, and what else there is. */
export function aCollection(collection: string, of: Partial<CollectionDescription> = {}): CollectionDescription {
  return {
    collection,
    type: collection.replace(/s$/, ''),
    id: `${collection}id`,
    alternateKeys: ['legacyid'],
    references: [],
    files: [],
    ...of,
    properties: [{ name: 'legacyid', holds: { kind: 'text', max: 100 }, required: false }, ...(of.properties ?? [])],
  };
}

export function proposed(tables: CatalogueTable[], collections: CollectionDescription[] | null = null): Proposal {
  return propose({ name: 'app', tables, collections, zone: null });
}

export function entityIn(proposal: Proposal, name: string): ProposedEntity {
  const found = [...proposal.entities, ...proposal.waiting].find((one) => one.name === name);
  if (found) return found;
  throw new Error(`there is no entity ${name}`);
}

export function fieldIn(proposal: Proposal, entity: string, field: string): ProposedField {
  const found = entityIn(proposal, entity).fields.find((one) => one.field === field);
  if (found) return found;
  throw new Error(`${entity} has no field ${field}`);
}

/** Everything that a proposal leaves to people. */
export function decisions(proposal: Proposal): string[] {
  const ofEntities = [...proposal.entities, ...proposal.waiting].flatMap((one) => [
    ...one.decide,
    ...one.collection.decide,
    ...one.fields.flatMap((field) => field.decide),
    ...one.suggestions.map((suggestion) => suggestion.decide),
  ]);
  return [...proposal.decide, ...ofEntities];
}
