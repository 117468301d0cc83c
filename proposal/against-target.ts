import type {
  CatalogueColumn,
  CatalogueTable,
  CollectionDescription,
  CollectionProperty,
  Holds,
} from '../connectors/port.ts';
import { fieldFor } from './kinds.ts';
import { leftovers } from './leftovers.ts';
import { likeness, pairs, prefixes, Sure } from './match.ts';
import type { ProposedField } from './proposal.ts';
import type { Edge } from './references.ts';
import { sqlName } from './sql-names.ts';
import { wordsOf } from './names.ts';
import { isSurrogate, polymorphic, type Candidate, type Fields } from './table.ts';

/** Whether a property of another type than text can carry the key that a table's rows have in the source. */
function isLike(from: Holds, to: Holds): boolean {
  if (to.kind === 'integer') return from.kind === 'integer' && from.bits <= to.bits;
  if (to.kind === 'bigint') return from.kind === 'integer' || from.kind === 'bigint';
  return to.kind === 'uuid' && from.kind === 'uuid';
}

/** Whether every key of the source's rows can be a key of the target's just as it is. */
function isOneOf(from: Holds, to: Holds): boolean {
  if (to.kind !== 'text') return isLike(from, to);
  return from.kind === 'text' && (to.max === null || (from.max !== null && from.max <= to.max));
}

/** The column that tells a table's rows apart by itself. */
function ownKey({ key, columns }: CatalogueTable): CatalogueColumn | undefined {
  return key.length === 1 ? columns.find((one) => one.name === key[0]) : undefined;
}

type Placed = Candidate & { collection: CollectionDescription };

/** What has to be seen to where rows keep the key that they have in the source. */
function keptKeyDecisions({ table, edges, collection }: Placed, column: CatalogueColumn, makes: boolean): string[] {
  const { id } = collection;
  const shared = edges.filter((edge) => edge.columns.join() === column.name);
  return [
    ...(likeness(column.name, id, []) >= Sure
      ? []
      : [`rows of ${collection.collection} bring their ${id}: is it the ${column.name} of ${table.table}?`]),
    ...(makes && column.holds.kind !== 'uuid'
      ? [
          `rows keep their ${column.name}, though ${collection.collection} can give out an ${id} itself: see to it that it goes on beyond the largest, or add a unique column for Landfall’s key.`,
        ]
      : []),
    ...shared.map(
      ({ to }) => `${id} points at ${to} as well: its rows have to be there first, with the keys of the source.`,
    ),
  ];
}

/** The property that shall carry Landfall's key for a row, and what that asks of people. */
function keyOf(placed: Placed): Fields['collection'] {
  const { table, collection: of } = placed;
  const legacy = /legacy|extern|source|migrat|origin/i;
  const propertyOf = (name: string): CollectionProperty | undefined => of.properties.find((one) => one.name === name);
  const textual = (name: string): boolean => propertyOf(name)?.holds.kind === 'text';
  const others = of.alternateKeys.filter((name) => name !== of.id);
  const made = (legacyKey: string, write: 'upsert' | 'create', decide: string[]): Fields['collection'] => ({
    name: of.collection,
    id: of.id,
    legacyKey,
    write,
    decide,
  });
  const column = ownKey(table);
  const id = of.alternateKeys.includes(of.id) ? propertyOf(of.id) : undefined;
  const kept = column && id && isOneOf(column.holds, id.holds) ? { column, id } : null;
  // The target gives out none, so that a row without one could not be written, whatever else it is called by.
  if (kept?.id.required) return made(of.id, 'upsert', keptKeyDecisions(placed, kept.column, false));
  const meant = others.find((name) => {
    const to = propertyOf(name)?.holds;
    return legacy.test(name) && (textual(name) || (column && to && isLike(column.holds, to)));
  });
  if (meant !== undefined) return made(meant, 'upsert', []);
  if (kept && likeness(kept.column.name, of.id, []) >= Sure) {
    return made(of.id, 'upsert', keptKeyDecisions(placed, kept.column, true));
  }
  const other = others.find(textual);
  if (other !== undefined) {
    return made(other, 'upsert', [
      `may ${other}, the alternate key of ${of.collection}, carry Landfall’s key for each row?`,
    ]);
  }
  const plain = of.properties.find((one) => one.holds.kind === 'text' && legacy.test(one.name));
  if (plain) {
    const why = `${plain.name} is no alternate key, so rows are created and looked up, not upserted: a key would be better.`;
    return made(plain.name, 'create', [why]);
  }
  const why = `${of.collection} has no alternate key that could carry Landfall’s key: define one in the target and name it here.`;
  return made('legacykey', 'upsert', [why]);
}

/** Whether rows have the same key in the target as in the source, so that what points at them can travel as it is. */
export function keepsKeys(of: Candidate): boolean {
  const { collection } = of;
  return collection !== null && keyOf({ ...of, collection }).legacyKey === collection.id;
}

/** What a column that holds a key is called after: `primary_contact_id` means a primary contact. */
function role(edge: Edge): string {
  const words = edge.columns.length === 1 ? wordsOf(edge.columns[0] ?? '') : wordsOf(edge.to);
  return words.filter((word) => !['id', 'fk', 'ref', 'no', 'key'].includes(word)).join('_') || edge.to;
}

function plainField(column: CatalogueColumn, property: CollectionProperty, score: number): ProposedField | null {
  const type = fieldFor(column.holds, property.holds);
  if (!type) return null;
  const decide: string[] = [];
  if (score < Sure) decide.push(`is ${property.name} the place for ${column.name}? It is called alike, no more.`);
  if (column.holds.kind === 'decimal' && column.holds.scale === null) {
    decide.push(`${column.name} has no declared number of digits: rows that need more than these are held back.`);
  }
  return {
    field: property.name,
    type,
    required: property.required || property.nullable === false || !column.nullable,
    ...timeOf(column, property, type),
    decide,
  };
}

/** Where a value comes from, and what happens to it if it is a time. */
function timeOf(
  { name, holds }: CatalogueColumn,
  property: CollectionProperty,
  type: ProposedField['type'],
): Pick<ProposedField, 'source' | 'note'> {
  const sql = sqlName(name);
  const cut = type.kind === 'timestamp' && type.precision === 'second' ? 'Whole seconds: fractions are cut.' : null;
  if (holds.kind !== 'localTime') return { source: { kind: 'sql', sql }, note: cut };
  if (property.holds.kind !== 'localTime') return { source: { kind: 'localTime', sql }, note: cut };
  const same = 'Neither side says by which clock: what it shows stays as it is.';
  const shown = `local_time(${sql}, 'UTC', 'later', 'earlier')`;
  return { source: { kind: 'sql', sql: shown }, note: cut === null ? same : `${same} ${cut}` };
}

/**
 * Fields that a collection of the target has, filled from the columns that are called alike and hold what it takes.
 *
 * @param keeps whether an entity's rows keep their keys
 */
export function targetFields(
  of: Placed,
  collections: readonly CollectionDescription[],
  collectionOf: (entity: string) => string | null,
  keeps: (entity: string) => boolean,
  isLater: (edge: Edge) => boolean,
): Fields {
  const { table, collection: target } = of;
  const collection = keyOf(of);
  const carried = collection.legacyKey === target.id ? table.key : [];
  // A key that the target gives out itself is nobody's place for something that is called alike.
  const free = target.properties.filter(
    (one) => one.name !== collection.legacyKey && (one.name !== target.id || one.required),
  );
  // What begins the names of many of the target's properties is its publisher; a table's own name says nothing in it.
  const everything = collections.flatMap((one) => one.properties.map((property) => property.name));
  const empty = [...prefixes(everything), wordsOf(table.table).at(-1) ?? ''];
  const linked = linkedEdges(of.edges, target, collectionOf, empty);
  // No field of the target refers, and the key that stands in the column stays what it is.
  const plainly = (edge: Edge): boolean => !linked.has(edge) && edge.columns.length === 1 && keeps(edge.to);
  const referring = new Set(of.edges.flatMap((edge) => (plainly(edge) ? [] : edge.columns)));
  const columns = table.columns.filter(
    (one) =>
      !referring.has(one.name) && !carried.includes(one.name) && !isSurrogate(one, table) && one.holds.kind !== 'bytes',
  );

  const matched = pairs(columns, free, (column, property) =>
    fieldFor(column.holds, property.holds) ? likeness(column.name, property.name, empty) : 0,
  );
  const fieldOf = new Map(matched.map(({ a, b, score }) => [a, plainField(a, b, score)]));

  const fields: ProposedField[] = [];
  const done = new Set<Edge>();
  for (const column of table.columns) {
    const plain = fieldOf.get(column);
    if (plain) fields.push(plain);
    for (const edge of of.edges) {
      const link = linked.get(edge);
      if (!link || done.has(edge) || !edge.columns.includes(column.name)) continue;
      done.add(edge);
      const later = isLater(edge);
      const to = collectionOf(edge.to);
      fields.push({
        field: link.field,
        type: { kind: 'reference', collections: to === null ? link.collections : [to] },
        required: (link.nullable === false || !edge.nullable) && !later,
        source: { kind: 'crosswalk', entity: edge.to, keys: edge.columns.map(sqlName), later },
        decide: [
          ...(edge.declared
            ? []
            : [`no foreign key says so: ${edge.columns.join(', ')} is called after the key of ${edge.to}.`]),
          ...(link.sure
            ? []
            : [
                `is ${link.field} what ${edge.columns.join(', ')} means? It may point at ${edge.to}, no more is known.`,
              ]),
        ],
        note: null,
      });
    }
  }

  const placed = new Set(matched.map((one) => one.a));
  const suggestions = leftovers({
    target: { ...target, properties: free },
    collections,
    columns: columns.filter((one) => !placed.has(one)),
    elsewhere: new Set(polymorphic(table, of.edges).flatMap(({ type, id }) => [type, id])),
    edges: of.edges.filter(
      (edge) => !linked.has(edge) && !plainly(edge) && !edge.columns.every((name) => carried.includes(name)),
    ),
    filled: new Set([collection.legacyKey, ...fields.map((one) => one.field)]),
    empty,
  });
  return { collection, fields, decide: [], notes: [], suggestions };
}

/** Which field of the target stands for which edge. A field that alone may point there is taken whatever it is called. */
function linkedEdges(
  edges: readonly Edge[],
  target: CollectionDescription,
  collectionOf: (entity: string) => string | null,
  empty: readonly string[],
): Map<Edge, CollectionDescription['references'][number] & { sure: boolean }> {
  const possible = (edge: Edge) =>
    target.references.filter((one) => one.collections.includes(collectionOf(edge.to) ?? ''));
  const byName = pairs(edges, target.references, (edge, one) => {
    if (!possible(edge).includes(one)) return 0;
    if (edge.columns.join() === one.field) return 1;
    return Math.max(likeness(role(edge), one.field, empty), 0.9 * likeness(`${role(edge)}_id`, one.field, empty));
  });
  const found = new Map(byName.map(({ a, b }) => [a, { ...b, sure: true }]));
  for (const edge of edges) {
    const left = possible(edge).filter((one) => ![...found.values()].some((taken) => taken.field === one.field));
    const [only] = left;
    if (!found.has(edge) && only && left.length === 1) found.set(edge, { ...only, sure: possible(edge).length === 1 });
  }
  return found;
}
