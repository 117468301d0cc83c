import type { CatalogueColumn, CollectionDescription, CollectionProperty } from '../connectors/port.ts';
import { fieldFor } from './kinds.ts';
import { leftovers } from './leftovers.ts';
import { likeness, pairs, prefixes, Sure } from './match.ts';
import type { ProposedField } from './proposal.ts';
import type { Edge } from './references.ts';
import { sqlName } from './sql-names.ts';
import { wordsOf } from './names.ts';
import { isSurrogate, polymorphic, type Candidate, type Fields } from './table.ts';

/** The property that shall carry Landfall's key for a row, and what that asks of people. */
function keyOf(of: CollectionDescription): Fields['collection'] {
  const legacy = /legacy|extern|source|migrat|origin/i;
  const textual = (name: string): boolean => of.properties.find((one) => one.name === name)?.holds.kind === 'text';
  const keys = of.alternateKeys.filter(textual);
  const made = (legacyKey: string, write: 'upsert' | 'create', decide: string[]): Fields['collection'] => ({
    name: of.collection,
    id: of.id,
    legacyKey,
    write,
    decide,
  });
  const meant = keys.find((name) => legacy.test(name));
  if (meant !== undefined) return made(meant, 'upsert', []);
  const [other] = keys;
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
    required: property.required || !column.nullable,
    source: { kind: column.holds.kind === 'localTime' ? 'localTime' : 'sql', sql: sqlName(column.name) },
    decide,
    note: type.kind === 'timestamp' ? 'Whole seconds: fractions are cut.' : null,
  };
}

/** Fields that a collection of the target has, filled from the columns that are called alike and hold what it takes. */
export function targetFields(
  of: Candidate & { collection: CollectionDescription },
  collections: readonly CollectionDescription[],
  collectionOf: (entity: string) => string | null,
  isLater: (edge: Edge) => boolean,
): Fields {
  const { table, collection: target } = of;
  const collection = keyOf(target);
  const free = target.properties.filter((one) => one.name !== collection.legacyKey);
  // What begins the names of many of the target's properties is its publisher; a table's own name says nothing in it.
  const everything = collections.flatMap((one) => one.properties.map((property) => property.name));
  const empty = [...prefixes(everything), wordsOf(table.table).at(-1) ?? ''];
  const referring = new Set(of.edges.flatMap((edge) => edge.columns));
  const columns = table.columns.filter(
    (one) => !referring.has(one.name) && !isSurrogate(one, table) && one.holds.kind !== 'bytes',
  );

  const matched = pairs(columns, free, (column, property) =>
    fieldFor(column.holds, property.holds) ? likeness(column.name, property.name, empty) : 0,
  );
  const fieldOf = new Map(matched.map(({ a, b, score }) => [a, plainField(a, b, score)]));
  const linked = linkedEdges(of.edges, target, collectionOf, empty);

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
        required: !edge.nullable && !later,
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
    target,
    collections,
    columns: columns.filter((one) => !placed.has(one)),
    elsewhere: new Set(polymorphic(table, of.edges).flatMap(({ type, id }) => [type, id])),
    edges: of.edges.filter((edge) => !linked.has(edge)),
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
): Map<Edge, { field: string; collections: string[]; sure: boolean }> {
  const possible = (edge: Edge) =>
    target.references.filter((one) => one.collections.includes(collectionOf(edge.to) ?? ''));
  const byName = pairs(edges, target.references, (edge, one) =>
    possible(edge).includes(one)
      ? Math.max(likeness(role(edge), one.field, empty), 0.9 * likeness(`${role(edge)}_id`, one.field, empty))
      : 0,
  );
  const found = new Map(byName.map(({ a, b }) => [a, { ...b, sure: true }]));
  for (const edge of edges) {
    const left = possible(edge).filter((one) => ![...found.values()].some((taken) => taken.field === one.field));
    const [only] = left;
    if (!found.has(edge) && only && left.length === 1) found.set(edge, { ...only, sure: possible(edge).length === 1 });
  }
  return found;
}
