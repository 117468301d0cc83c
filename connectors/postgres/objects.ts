import knex, { type Knex } from 'knex';
import type { CatalogueColumn, CatalogueReference, CatalogueTable, Holds } from '../port.ts';
import type { Session, TextRow } from './session.ts';

/** Writes SQL; the session runs it. */
export const build = knex({ client: 'pg' });

/** Tables and partitioned ones, without the system's, those of extensions and partitions (PostgreSQL manual, 52.11 pg_class). */
export function tables(): Knex.QueryBuilder {
  return build
    .from('pg_class as c')
    .join('pg_namespace as n', 'n.oid', 'c.relnamespace')
    .whereIn('c.relkind', ['r', 'p'])
    .where({ 'c.relispartition': false, 'c.relpersistence': 'p' })
    .whereNotIn('n.nspname', ['pg_catalog', 'information_schema'])
    .whereRaw(`n.nspname NOT LIKE 'pg\\_%'`)
    .whereRaw(
      `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`,
    )
    .whereRaw(`has_schema_privilege(n.oid, 'USAGE')`);
}

const named = (columns: string, table: string): string =>
  `(SELECT json_agg(a.attname ORDER BY k.position) FROM unnest(${columns}) WITH ORDINALITY AS k(attnum, position)
    JOIN pg_attribute a ON a.attrelid = ${table} AND a.attnum = k.attnum)::text`;

const tableRows = (): Knex.QueryBuilder =>
  tables()
    .orderBy(['n.nspname', 'c.relname'])
    .select(
      'c.oid as oid',
      'n.nspname as schema',
      'c.relname as table',
      build.raw(`obj_description(c.oid, 'pg_class') AS comment`),
      build.raw('greatest(c.reltuples, 0)::bigint AS rows'),
      build.raw('(SELECT count(*) FROM pg_inherits i WHERE i.inhparent = c.oid) AS children'),
      build.raw(
        `(SELECT ${named('p.conkey', 'c.oid')} FROM pg_constraint p WHERE p.conrelid = c.oid AND p.contype = 'p') AS key`,
      ),
    );

const columnRows = (): Knex.QueryBuilder =>
  tables()
    .join('pg_attribute as a', 'a.attrelid', 'c.oid')
    .join('pg_type as t', 't.oid', 'a.atttypid')
    .leftJoin('pg_type as b', (on) => on.on('b.oid', 't.typbasetype').onVal('t.typtype', 'd'))
    .where('a.attnum', '>', 0)
    .where('a.attisdropped', false)
    .orderBy(['c.oid', 'a.attnum'])
    .select(
      'c.oid as oid',
      'a.attname as name',
      build.raw('format_type(a.atttypid, a.atttypmod) AS native'),
      build.raw('coalesce(b.typname, t.typname) AS type'),
      build.raw(`CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier`),
      build.raw(
        `(SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = coalesce(b.oid, t.oid))::text AS labels`,
      ),
      'a.attnotnull as notnull',
      build.raw(`a.attgenerated <> '' AS generated`),
      build.raw('col_description(c.oid, a.attnum) AS comment'),
    );

/** Foreign keys, without what partitions inherit. */
const referenceRows = (): Knex.QueryBuilder =>
  tables()
    .join('pg_constraint as f', 'f.conrelid', 'c.oid')
    .join('pg_class as to', 'to.oid', 'f.confrelid')
    .join('pg_namespace as ton', 'ton.oid', 'to.relnamespace')
    .where({ 'f.contype': 'f', 'f.conparentid': 0 })
    .orderBy(['c.oid', 'f.conname'])
    .select(
      'c.oid as oid',
      build.raw(`${named('f.conkey', 'f.conrelid')} AS columns`),
      build.raw(`${named('f.confkey', 'f.confrelid')} AS at`),
      'ton.nspname as schema',
      'to.relname as table',
    );

/** A list that the database wrote as JSON. */
export function list(json: string | null | undefined): string[] {
  const parsed: unknown = JSON.parse(json ?? '[]');
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

const kinds: Record<string, Holds> = {
  bool: { kind: 'boolean' },
  int2: { kind: 'integer', bits: 16 },
  int4: { kind: 'integer', bits: 32 },
  int8: { kind: 'bigint' },
  float4: { kind: 'float' },
  float8: { kind: 'float' },
  text: { kind: 'text', max: null },
  citext: { kind: 'text', max: null },
  bytea: { kind: 'bytes' },
  date: { kind: 'date' },
  timestamp: { kind: 'localTime' },
  timestamptz: { kind: 'instant' },
  uuid: { kind: 'uuid' },
};

/** What values of a type are; `modifier` is its `atttypmod`. */
function holdsOf(type: string, modifier: number, labels: string[]): Holds {
  if (labels.length > 0) return { kind: 'enum', values: labels };
  if (type === 'varchar' || type === 'bpchar') return { kind: 'text', max: modifier < 4 ? null : modifier - 4 };
  if (type !== 'numeric') return kinds[type] ?? { kind: 'other' };
  if (modifier < 4) return { kind: 'decimal', precision: null, scale: null };
  // The scale is an 11-bit two's complement number since PostgreSQL 15 (negative scales).
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  return { kind: 'decimal', precision: ((modifier - 4) >> 16) & 0xffff, scale };
}

function columnOf(row: TextRow): CatalogueColumn {
  return {
    name: row['name'] ?? '',
    nativeType: row['native'] ?? '',
    holds: holdsOf(row['type'] ?? '', Number(row['modifier']), list(row['labels'])),
    nullable: row['notnull'] !== 't',
    generated: row['generated'] === 't',
    comment: row['comment'] ?? null,
  };
}

/** `schema.table`, with quotes where a blueprint could not tell the parts otherwise. */
export function objectName(row: TextRow): string {
  const quoted = (name: string): string => (/[."]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
  return `${quoted(row['schema'] ?? '')}.${quoted(row['table'] ?? '')}`;
}

function byTable<T>(rows: readonly TextRow[], make: (row: TextRow) => T): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const oid = row['oid'] ?? '';
    found.set(oid, [...(found.get(oid) ?? []), make(row)]);
  }
  return found;
}

/** Runs a query that the builder wrote. */
export async function ask(session: Session, query: Knex.QueryBuilder): Promise<TextRow[]> {
  const { sql, bindings } = query.toSQL().toNative();
  return session.query(sql, bindings);
}

/** Every table of the database with its columns, key and foreign keys, as the catalogue declares them. */
export async function listObjects(session: Session): Promise<CatalogueTable[]> {
  const columns = byTable(await ask(session, columnRows()), columnOf);
  const references = byTable(await ask(session, referenceRows()), (row): CatalogueReference => ({
    columns: list(row['columns']),
    object: objectName(row),
    at: list(row['at']),
  }));
  return (await ask(session, tableRows())).map((row) => ({
    object: objectName(row),
    schema: row['schema'] ?? '',
    table: row['table'] ?? '',
    comment: row['comment'] ?? null,
    key: list(row['key']),
    columns: columns.get(row['oid'] ?? '') ?? [],
    references: references.get(row['oid'] ?? '') ?? [],
    estimatedRows: Number(row['rows'] ?? 0),
    children: Number(row['children'] ?? 0),
  }));
}
