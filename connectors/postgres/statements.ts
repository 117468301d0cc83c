import type { Table } from './catalogue.ts';
import type { Layout, Written } from './compose.ts';
import { quoted, quotedName } from './names.ts';

/** The name of the table that a connection keeps for the rows of a layout: by its place in the batch, and its width. */
export function batchTable(place: number, columns: number): string {
  return `pg_temp.${quoted(`landfall_batch_${place}_${columns}`)}`;
}

/** Made once a connection; each transaction leaves it empty, however it ends. */
export function batchTableDefinition(place: number, columns: number): string {
  const values = Array.from({ length: columns }, (_, i) => `, v${i} text`).join('');
  const name = quoted(`landfall_batch_${place}_${columns}`);
  return `CREATE TEMPORARY TABLE IF NOT EXISTS ${name} (document integer, n integer, k text, id text${values}) ON COMMIT DELETE ROWS`;
}

/** A statement that writes rows `$1` to `$2` (exclusive) of a layout; headers' keys as `$3` (numbers) and `$4` (keys). */
export interface Statement {
  sql: string;
  /** Whether it wants the keys of the documents' headers. */
  headers: boolean;
  /** What identifies a row of the answer: its number in the layout, or its legacy key. */
  by: 'number' | 'key';
}

function valueOf({ column, fromHeader }: Written, i: number): string {
  return `${fromHeader ? 'h.id' : `b.v${i}`}::${column.cast}`;
}

/** A value as it will lie in the column. Casting to a text of limited length would cut it, so texts are left as they are. */
function storedOf(one: Written, i: number): string {
  const limited = ['numeric', 'timestamp', 'timestamptz'].includes(one.column.type);
  return limited ? `(${valueOf(one, i)})::${one.column.native}` : valueOf(one, i);
}

/** Rows as they lie in memory, byte by byte: `=` calls 1.0 and 1.00 one, and some types have none (9.25.6). */
function differs(old: readonly string[], fresh: readonly string[]): string {
  return `ROW(${old.join(', ')})::record *<> ROW(${fresh.join(', ')})::record`;
}

/** How the statement that inserts tells a row that it created from one that it changed. */
function createdOf(layout: Layout): string {
  const key = quoted(layout.collection.legacyKey);
  // A partitioned table gives no system columns, and PostgreSQL 18 has words for it (RETURNING old).
  return layout.table.kind === 'p' ? `(old.${key} IS NULL)` : '(t.xmax = 0)';
}

function fromBatch(layout: Layout, place: number): string {
  const headers = layout.columns.some((one) => one.fromHeader);
  const join = headers ? ' JOIN unnest($3::integer[], $4::text[]) AS h(document, id) ON h.document = b.document' : '';
  return `${batchTable(place, layout.columns.length)} AS b${join}`;
}

/** The statement that upserts rows `$1` to `$2` of a layout; with `all`, all that there are, in the order that they came. */
function upsertOf(layout: Layout, place: number, all: boolean): string {
  const { columns } = layout;
  const names = columns.map(({ column }) => quoted(column.name));
  const partial = uniqueOn(layout)?.predicate;
  const target = `(${quoted(layout.collection.legacyKey)})${partial === null || partial === undefined ? '' : ` WHERE ${partial}`}`;
  const set = names.map((one) => `${one} = excluded.${one}`).join(', ');
  const action =
    names.length === 0
      ? 'DO NOTHING'
      : `DO UPDATE SET ${set} WHERE ${differs(
          names.map((one) => `t.${one}`),
          names.map((one) => `excluded.${one}`),
        )}`;
  return `${insertOf(layout, place, all)} ON CONFLICT ${target} ${action}`;
}

function insertOf(layout: Layout, place: number, all: boolean): string {
  const { collection, table, columns } = layout;
  const names = [collection.legacyKey, ...columns.map(({ column }) => column.name)].map(quoted);
  const cast = table.columns.get(collection.legacyKey)?.cast ?? 'text';
  return `INSERT INTO ${quotedName(collection.collection)} AS t (${names.join(', ')})
      SELECT ${[`b.k::${cast}`, ...columns.map(valueOf)].join(', ')} FROM ${fromBatch(layout, place)}
      ${all ? '' : `WHERE ${Range} ORDER BY b.n`}`;
}

const Range = 'b.n >= $1 AND b.n < $2';

/** A statement for COPY that upserts all rows: its answer has their legacy key, their key in the target, and which it was. */
export function copyOfAll(layout: Layout, place: number): string {
  const key = quoted(layout.collection.legacyKey);
  const id = quoted(layout.collection.id);
  const outcome = `CASE WHEN ${createdOf(layout)} THEN 'created' ELSE 'updated' END`;
  return `COPY (${upsertOf(layout, place, true)} RETURNING t.${key}, t.${id}, ${outcome}) TO STDOUT`;
}

/** A statement for COPY that finds which of all rows are there. */
export function copyOfFound(layout: Layout, place: number): string {
  const id = quoted(layout.collection.id);
  return `COPY (SELECT b.k, t.${id}, 'unchanged' FROM ${batchTable(place, layout.columns.length)} AS b
    JOIN ${quotedName(layout.collection.collection)} AS t ON ${matching(layout, 't')}) TO STDOUT`;
}

export function statementOf(layout: Layout, place: number): Statement {
  const { collection, columns, deed } = layout;
  const name = quotedName(collection.collection);
  const key = quoted(collection.legacyKey);
  const id = quoted(collection.id);
  const headers = columns.some((one) => one.fromHeader);
  const names = columns.map(({ column }) => quoted(column.name));
  const returning = `RETURNING t.${key}, t.${id}`;
  if (deed === 'create') return { sql: `${insertOf(layout, place, false)} ${returning}, true`, headers, by: 'key' };
  if (deed === 'upsert') {
    return { sql: `${upsertOf(layout, place, false)} ${returning}, ${createdOf(layout)}`, headers, by: 'key' };
  }
  const match = matching(layout, 't');
  const set = columns.map((one, i) => `${quoted(one.column.name)} = ${valueOf(one, i)}`).join(', ');
  const changed = differs(
    names.map((one) => `t.${one}`),
    columns.map(storedOf),
  );
  const sql = `UPDATE ${name} AS t SET ${set} FROM ${fromBatch(layout, place)}
    WHERE ${match} AND ${Range} AND ${changed} RETURNING b.n, t.${id}, false`;
  return { sql, headers, by: 'number' };
}

function matching(layout: Layout, alias: string): string {
  const { collection, table, deed } = layout;
  const column = deed === 'change by id' ? collection.id : collection.legacyKey;
  const cast = table.columns.get(column)?.cast ?? 'text';
  return `${alias}.${quoted(column)} = b.${deed === 'change by id' ? 'id' : 'k'}::${cast}`;
}

/** Finds rows `$1` to `$2` of a layout that are there although the statement above did not touch them. */
export function foundOf(layout: Layout, place: number): string {
  const { collection } = layout;
  return `SELECT b.n, t.${quoted(collection.id)} FROM ${batchTable(place, layout.columns.length)} AS b
    JOIN ${quotedName(collection.collection)} AS t ON ${matching(layout, 't')} WHERE b.n >= $1 AND b.n < $2`;
}

/** The unique index that an upsert goes by: on the legacy key alone, over all rows that have one, and checked at once. */
export function uniqueOn(of: {
  collection: { legacyKey: string };
  table: Pick<Table, 'unique'>;
}): { predicate: string | null } | undefined {
  const { legacyKey } = of.collection;
  const whole = [null, `(${legacyKey} IS NOT NULL)`, `(${quoted(legacyKey)} IS NOT NULL)`];
  return of.table.unique.find(
    ({ columns, predicate, immediate }) =>
      immediate && columns.length === 1 && columns[0] === legacyKey && whole.includes(predicate),
  );
}
