import type { CatalogueColumn, CatalogueTable } from '../connectors/port.ts';
import { singular, wordsOf } from './names.ts';

/** Columns of one entity that hold the key of another's row. */
export interface Edge {
  from: string;
  to: string;
  /** In the order of the key that they hold. */
  columns: string[];
  /** Whether a row may be without. */
  nullable: boolean;
  /** Declared in the source, or a guess by name. */
  declared: boolean;
}

/** The declared foreign keys that point at the primary key of an entity; the others are told in words. */
export function declaredEdges(
  tables: readonly CatalogueTable[],
  nameOf: ReadonlyMap<string, string>,
): { edges: Edge[]; others: { from: string; decide: string }[] } {
  const byObject = new Map(tables.map((table) => [table.object, table]));
  const edges = new Map<string, Edge>();
  const others: { from: string; decide: string }[] = [];
  for (const table of tables) {
    const from = nameOf.get(table.object);
    if (from === undefined) continue;
    for (const reference of table.references) {
      const to = nameOf.get(reference.object);
      const key = byObject.get(reference.object)?.key ?? [];
      const columns = key.map((column) => reference.columns[reference.at.indexOf(column)]);
      const whole = columns.filter((column) => column !== undefined);
      if (to === undefined || whole.length < key.length || key.length !== reference.columns.length) {
        const why = to === undefined ? 'which is not moved' : 'by another key than its primary one';
        const decide = `${reference.columns.join(', ')} points at ${reference.object}, ${why}: it travels as it is.`;
        others.push({ from, decide });
        continue;
      }
      const nullable = whole.some((name) => table.columns.find((one) => one.name === name)?.nullable ?? false);
      edges.set(`${from} ${to} ${whole.join(' ')}`, { from, to, columns: whole, nullable, declared: true });
    }
  }
  return { edges: [...edges.values()], others };
}

/** Names of keys that say nothing of the table they belong to. */
const anonymous = new Set(['id', 'uuid', 'guid', 'key', 'code', 'name', 'no', 'number', 'seq']);

/** Whether a column without a foreign key is called as if it held the key of a table. */
function isCalledAfter(column: CatalogueColumn, of: CatalogueTable, from: CatalogueTable): boolean {
  const key = of.columns.find((one) => one.name === of.key[0]);
  if (!key || key.nativeType !== column.nativeType) return false;
  const same = of.object === from.object;
  const words = wordsOf(column.name);
  if (same) return words[0] === 'parent' && (words.length === 1 || words.length === 2);
  if (column.name === key.name && !anonymous.has(key.name.toLowerCase())) return true;
  const table = wordsOf(of.table).map(singular).join(' ');
  const named = words.map(singular).join(' ');
  // Hardly anything but a key is a UUID, so that a role in front of the table's name is enough: `primary_contact`.
  if (key.holds.kind === 'uuid' && named.endsWith(` ${table}`)) return true;
  return words.length > 1 && anonymous.has(words.at(-1) ?? '') && words.slice(0, -1).map(singular).join(' ') === table;
}

/** References that nothing declares, guessed where a column is called after exactly one table's key and is of its type. */
export function guessedEdges(
  tables: readonly CatalogueTable[],
  nameOf: ReadonlyMap<string, string>,
  declared: readonly Edge[],
): Edge[] {
  const single = tables.filter((table) => table.key.length === 1 && nameOf.has(table.object));
  return tables.flatMap((table) => {
    const from = nameOf.get(table.object);
    if (from === undefined) return [];
    const known = new Set(declared.filter((edge) => edge.from === from).flatMap((edge) => edge.columns));
    return table.columns.flatMap((column): Edge[] => {
      const ownKey = table.key.length === 1 && table.key[0] === column.name;
      if (known.has(column.name) || ownKey) return [];
      const meant = single.filter((one) => isCalledAfter(column, one, table));
      const to = nameOf.get(meant[0]?.object ?? '');
      if (meant.length !== 1 || to === undefined) return [];
      return [{ from, to, columns: [column.name], nullable: column.nullable, declared: false }];
    });
  });
}

/** A circle of edges, found by walking; null when there is none. */
function circleIn(edges: readonly Edge[]): Edge[] | null {
  const out = new Map<string, Edge[]>();
  for (const edge of edges) out.set(edge.from, [...(out.get(edge.from) ?? []), edge]);
  const done = new Set<string>();
  const path: Edge[] = [];
  const walk = (at: string): Edge[] | null => {
    const seen = path.findIndex((edge) => edge.from === at);
    if (seen >= 0) return path.slice(seen);
    if (done.has(at)) return null;
    for (const edge of out.get(at) ?? []) {
      path.push(edge);
      const found = walk(edge.to);
      if (found) return found;
      path.pop();
    }
    done.add(at);
    return null;
  };
  for (const from of out.keys()) {
    const found = walk(from);
    if (found) return found;
  }
  return null;
}

/**
 * The edges that have to wait for a later pass so that the rest has an order. In each circle that is one that may be
 * empty: best the one whose column names a role (`primary_contact`) rather than just the other table, then the one with
 * the fewest rows to come back to.
 *
 * @returns also the circles in which no reference may be empty: they are for people to open
 */
export function laterEdges(
  edges: readonly Edge[],
  rowsOf: (entity: string) => number,
): { later: Set<Edge>; closed: Edge[][] } {
  const later = new Set<Edge>();
  const given = new Set<Edge>();
  const closed: Edge[][] = [];
  const plain = (edge: Edge): boolean => {
    const target = wordsOf(edge.to).map(singular);
    return wordsOf(edge.columns.join(' ')).every((word) => target.includes(singular(word)) || anonymous.has(word));
  };
  for (;;) {
    const circle = circleIn(edges.filter((edge) => !later.has(edge) && !given.has(edge)));
    if (!circle) return { later, closed };
    const [best] = circle
      .filter((edge) => edge.nullable)
      .sort(
        (a, b) => Number(plain(a)) - Number(plain(b)) || rowsOf(a.from) - rowsOf(b.from) || (a.from < b.from ? -1 : 1),
      );
    if (best) later.add(best);
    else {
      closed.push(circle);
      // Taken out of the search alone, so that the other circles are found as well.
      const [first] = circle;
      if (first) given.add(first);
    }
  }
}

/** Entities so that those pointed at come first, otherwise as given. */
export function inOrder(names: readonly string[], edges: readonly Edge[]): string[] {
  const order: string[] = [];
  const visit = (name: string, above: readonly string[]): void => {
    if (order.includes(name) || above.includes(name)) return;
    for (const edge of edges) if (edge.from === name) visit(edge.to, [...above, name]);
    order.push(name);
  };
  for (const name of names) visit(name, []);
  return order.filter((name) => names.includes(name));
}
