import type { CatalogueColumn, CatalogueTable, CollectionDescription } from '../connectors/port.ts';
import { LandfallError } from '../model/errors.ts';
import { classOf } from './personal.ts';
import type { ProposedEntity, ProposedField } from './proposal.ts';
import type { Edge } from './references.ts';
import { titleOf } from './names.ts';
import { sqlName } from './sql-names.ts';

/** A table on its way to become an entity. */
export interface Candidate {
  name: string;
  table: CatalogueTable;
  edges: Edge[];
  /** The collection that it goes to; null: none was found, or there is no target. */
  collection: CollectionDescription | null;
  /** How alike table and collection are called. */
  likeness: number;
}

/** What the fields of a candidate come to, whichever way they were found. */
export interface Fields {
  collection: ProposedEntity['collection'];
  fields: ProposedField[];
  decide: string[];
  notes: string[];
  suggestions: ProposedEntity['suggestions'];
}

/** Columns that hold a surrogate key alone: the legacy key carries it. */
export function isSurrogate(column: CatalogueColumn, table: CatalogueTable): boolean {
  if (table.key.length !== 1 || table.key[0] !== column.name) return false;
  return /(^|_)(id|uid|uuid|guid)_?$/i.test(column.name) || column.holds.kind !== 'text';
}

/** The row's key as the target shall carry it: the value itself, or those of all key columns in one. */
export function legacyKeyOf(key: readonly string[]): string {
  return key.map(sqlName).join(" || '-' || ");
}

/** @throws LandfallError `init.column` when the catalogue names a column that it does not list */
export function columnOf(table: CatalogueTable, name: string): CatalogueColumn {
  const found = table.columns.find((one) => one.name === name);
  if (found) return found;
  throw new LandfallError({
    code: 'init.column',
    kind: 'permanent',
    what: `The catalogue names ${name} in a key, and lists no such column.`,
    where: { object: table.object },
    hint: 'The table was changed while it was looked at: try again.',
  });
}

/** A column and what it is, for sentences: `status (text)`. */
export function described(column: CatalogueColumn): string {
  return `${column.name} (${column.nativeType})`;
}

/** Pairs of columns that say kind and key of a row somewhere else. */
export function polymorphic(table: CatalogueTable, edges: readonly Edge[]): { type: string; id: string }[] {
  const known = new Set(edges.flatMap((edge) => edge.columns));
  const byLower = new Map(table.columns.map((one) => [one.name.toLowerCase(), one.name]));
  return table.columns.flatMap(({ name }) => {
    const found = /^(.+?)(_?)(id|key)$/i.exec(name);
    if (!found || known.has(name)) return [];
    const [, stem = '', joint = ''] = found;
    const names = ['type', 'kind', 'class', 'model', 'table'].map((word) => `${stem}${joint}${word}`.toLowerCase());
    if (stem.toLowerCase() === 'object') names.push('content_type_id');
    const type = names.map((one) => byLower.get(one)).find((one) => one !== undefined);
    return type === undefined ? [] : [{ type, id: name }];
  });
}

/** What is told of columns that no field can take as they are. */
export function suggestionsFor(of: Candidate): ProposedEntity['suggestions'] {
  const files = of.collection?.files ?? [];
  const placeOf = ({ name }: CatalogueColumn): string => (files.includes(name) ? name : (files[0] ?? 'PROPERTY'));
  const nameColumn =
    of.table.columns.find((one) => /file_?name/i.test(one.name)) ?? columnOf(of.table, of.table.key[0] ?? '');
  const bytes = of.table.columns.filter((one) => one.holds.kind === 'bytes' && !of.table.key.includes(one.name));
  const attachments = bytes.map((column) => ({
    among: 'entity' as const,
    decide: `${column.name} holds bytes. They travel as a file of the row, if the target has a place for one.`,
    code: [
      `attachments: attachments({ content: '${column.name}', property: '${placeOf(column)}', fileName: sql\`${sqlName(nameColumn.name)}\` }),`,
    ],
  }));
  const references = polymorphic(of.table, of.edges).map(({ type, id }) => ({
    among: 'fields' as const,
    decide: `${type} and ${id} point at rows of more than one kind: say which.`,
    code: [
      'FIELD: crosswalkEither([',
      `  { when: sql\`${sqlName(type)} = 'A'\`, entity: 'ENTITY', key: sql\`${sqlName(id)}\` },`,
      `  { when: sql\`${sqlName(type)} = 'B'\`, entity: 'ENTITY', key: sql\`${sqlName(id)}\` },`,
      ']),',
    ],
  }));
  return [...references, ...attachments];
}

/** The entity that a candidate becomes with its fields. */
export function entityOf(of: Candidate, found: Fields): ProposedEntity {
  const { table } = of;
  const referring = new Set(of.edges.flatMap((edge) => edge.columns));
  const bytes = table.columns.filter((one) => one.holds.kind === 'bytes' && !table.key.includes(one.name));
  const classify: ProposedEntity['classify'] = {};
  for (const column of table.columns) {
    const guess = referring.has(column.name) || bytes.includes(column) ? null : classOf(table.table, column);
    if (guess) classify[column.name] = guess;
  }
  const notes = [...found.notes];
  if (table.children > 0)
    notes.push(`Its rows lie in ${table.children} tables (partitions or children), all read through it.`);
  return {
    name: of.name,
    comment: table.comment,
    title: titleOf(of.name),
    object: table.object,
    estimatedRows: table.estimatedRows,
    key: table.key,
    columns: bytes.length === 0 ? null : table.columns.filter((one) => !bytes.includes(one)).map((one) => one.name),
    classify,
    collection: found.collection,
    legacyKey: legacyKeyOf(table.key),
    fields: found.fields,
    decide: found.decide,
    notes,
    suggestions: [...found.suggestions, ...suggestionsFor(of)],
  };
}
