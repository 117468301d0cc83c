import type { CatalogueTable, CollectionDescription, CollectionProperty, Holds } from '../port.ts';
import type { Catalogue, Column, Table } from './catalogue.ts';
import { keyTypes } from './check-shape.ts';
import { shortName } from './names.ts';
import { ask, build, list, listObjects, objectName, tables } from './objects.ts';
import type { Session } from './session.ts';
import { uniqueOn } from './statements.ts';

/** The columns of a table that the user may read, and those that they may also fill in a new row. */
interface Rights {
  reads: ReadonlySet<string>;
  fills: ReadonlySet<string>;
}

/** A table that can be written to, as its catalogue declares it. */
interface Writable {
  of: CatalogueTable;
  table: Table;
  rights: Rights;
  id: string;
}

/** Tables of which the user may read and fill some columns at least (PostgreSQL manual, 9.27 Access Privilege Inquiry). */
async function rightsOf(session: Session): Promise<Map<string, Rights>> {
  const may = (right: string): string => `has_column_privilege(c.oid, a.attnum, '${right}')`;
  const rows = await ask(
    session,
    tables()
      .join('pg_attribute as a', 'a.attrelid', 'c.oid')
      .where('a.attnum', '>', 0)
      .where('a.attisdropped', false)
      .whereRaw(may('SELECT'))
      .groupBy('n.nspname', 'c.relname')
      .havingRaw(`bool_or(${may('INSERT')})`)
      .select(
        'n.nspname as schema',
        'c.relname as table',
        build.raw('json_agg(a.attname)::text AS reads'),
        build.raw(`(json_agg(a.attname) FILTER (WHERE ${may('INSERT')}))::text AS fills`),
      ),
  );
  return new Map(
    rows.map((row) => [objectName(row), { reads: new Set(list(row['reads'])), fills: new Set(list(row['fills'])) }]),
  );
}

/** The column that tells rows apart by itself: the primary key, or one that could be it; null: there is none. */
function idOf(of: CatalogueTable, table: Table): string | null {
  const [key, ...more] = of.key;
  if (key !== undefined && more.length === 0) return key;
  const unique = table.unique.filter(({ columns, predicate }) => columns.length === 1 && predicate === null);
  const names = unique.flatMap(({ columns }) => columns);
  return names.find((name) => table.columns.get(name)?.nullable === false) ?? null;
}

/** Whether a batch can be written to a table at all: the check refuses the others, too. */
function isTaken(table: Table): boolean {
  return table.kind === 'r' || table.version >= 180_000;
}

/** What a column takes and gives back as it was written. */
function holdsOf(holds: Holds, { type, modifier }: Column): Holds {
  // Blanks at the end and letters’ case are lost in these: the check refuses texts for them.
  if (type === 'bpchar' || type === 'citext') return { kind: 'other' };
  if (holds.kind === 'instant' || holds.kind === 'localTime') return { ...holds, digits: modifier < 0 ? 6 : modifier };
  if (holds.kind !== 'decimal' || holds.precision === null || holds.scale === null) return holds;
  // Rounded to tens and more, or without a digit before the point: no field is so.
  return holds.scale < 0 || holds.scale > holds.precision ? { kind: 'other' } : holds;
}

/** Whether a row that is written needs a value in a column. */
function wanted(column: Column): { required: boolean; nullable?: boolean } {
  const required = !column.nullable && !column.assigned;
  return { required, ...(required || column.nullable ? {} : { nullable: false }) };
}

/** Columns with a foreign key to the column that tells the rows of another table apart. */
function referencesOf(
  { of, id }: Writable,
  ids: ReadonlyMap<string, string>,
  columns: ReadonlyMap<string, Column>,
): CollectionDescription['references'] {
  const single = of.references.filter((one) => one.columns.length === 1);
  return [...columns.values()].flatMap((column) => {
    // Of several on one column the first counts, as in the check.
    const first = single.find((one) => one.columns[0] === column.name);
    if (!first || column.name === id || ids.get(first.object) !== first.at[0]) return [];
    const collections = [shortName(first.object)];
    return [{ field: column.name, collections, ...(column.nullable ? {} : { nullable: false }) }];
  });
}

function collectionOf(one: Writable, ids: ReadonlyMap<string, string>): CollectionDescription {
  const { of, table, rights, id } = one;
  const columns = new Map([...table.columns].filter(([name, column]) => rights.fills.has(name) && !column.computed));
  const references = referencesOf(one, ids, columns);
  const referring = new Set(references.map(({ field }) => field));
  const keys = [...columns.values()].filter(
    ({ name, type }) =>
      keyTypes.has(type) && !referring.has(name) && uniqueOn({ collection: { legacyKey: name }, table }) !== undefined,
  );
  const properties = of.columns.flatMap(({ name, holds }): CollectionProperty[] => {
    const column = columns.get(name);
    if (!column || holds.kind === 'bytes' || referring.has(name)) return [];
    return [{ name, holds: holdsOf(holds, column), ...wanted(column) }];
  });
  return {
    collection: shortName(of.object),
    type: of.table,
    id,
    // Last: a column beside it that is unique is the better place for somebody else’s key.
    alternateKeys: keys.map(({ name }) => name).toSorted((a, b) => Number(a === id) - Number(b === id)),
    properties,
    references,
    files: of.columns.flatMap(({ name, holds }) => (holds.kind === 'bytes' && columns.has(name) ? [name] : [])),
  };
}

/** The tables that the user may write to and whose rows one column tells apart, as the catalogue declares them now. */
export async function listCollections(session: Session, catalogue: Catalogue): Promise<CollectionDescription[]> {
  const rights = await rightsOf(session);
  const found: Writable[] = [];
  for (const of of await listObjects(session)) {
    const own = rights.get(of.object);
    const table = own ? await catalogue.look(of.object) : null;
    if (!own || !table || !isTaken(table)) continue;
    const id = idOf(of, table);
    if (id !== null && own.reads.has(id)) found.push({ of, table, rights: own, id });
  }
  const ids = new Map(found.map(({ of, id }) => [of.object, id]));
  return found.map((one) => collectionOf(one, ids));
}
