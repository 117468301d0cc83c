import { createHash } from 'node:crypto';
import knex, { type Knex } from 'knex';
import { LandfallError } from '../../model/errors.ts';
import type { ColumnDescription, TableDescription } from '../port.ts';
import { nearest, parseName } from './names.ts';
import type { Session } from './session.ts';
import { typeRule } from './types.ts';

/** Writes SQL; the session runs it. */
const build = knex({ client: 'pg' });

/** Tables, partitioned ones, views, materialised views and foreign tables. */
const kinds = ['r', 'p', 'v', 'm', 'f'];

/** The catalogue's entry of one table (PostgreSQL manual, 52.11 pg_class). */
function catalogued(object: string): Knex.QueryBuilder {
  const { schema, table } = parseName(object);
  return build
    .from('pg_class as c')
    .join('pg_namespace as n', 'n.oid', 'c.relnamespace')
    .where({ 'n.nspname': schema, 'c.relname': table })
    .whereIn('c.relkind', kinds);
}

function columnsOf(object: string): Knex.QueryBuilder {
  return catalogued(object)
    .join('pg_attribute as a', 'a.attrelid', 'c.oid')
    .join('pg_type as t', 't.oid', 'a.atttypid')
    .leftJoin('pg_type as b', (on) => on.on('b.oid', 't.typbasetype').onVal('t.typtype', 'd'))
    .where('a.attnum', '>', 0)
    .where('a.attisdropped', false)
    .orderBy('a.attnum')
    .select(
      'a.attname as name',
      build.raw('format_type(a.atttypid, a.atttypmod) AS native'),
      build.raw('coalesce(b.typname, t.typname) AS type'),
      build.raw(`CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier`),
      'a.attnotnull as notnull',
    );
}

/** Unique keys of columns that cannot be NULL, the primary one first. */
function keysOf(object: string): Knex.QueryBuilder {
  return catalogued(object)
    .join('pg_index as i', 'i.indrelid', 'c.oid')
    .joinRaw('CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, position)')
    .join('pg_attribute as a', (on) => on.on('a.attrelid', 'i.indrelid').andOn('a.attnum', 'k.attnum'))
    .where({ 'i.indisunique': true, 'i.indisvalid': true })
    .whereNull('i.indpred')
    .whereNull('i.indexprs')
    .groupBy('i.indexrelid', 'i.indisprimary')
    .havingRaw('bool_and(a.attnotnull)')
    .orderBy([{ column: 'i.indisprimary', order: 'desc' }, 'i.indexrelid'])
    .select(build.raw('array_to_json(array_agg(a.attname ORDER BY k.position))::text AS columns'));
}

async function ask(session: Session, query: Knex.QueryBuilder): Promise<Record<string, string | null>[]> {
  const { sql, bindings } = query.toSQL().toNative();
  return session.query(sql, bindings);
}

async function missing(session: Session, object: string): Promise<LandfallError> {
  const { schema, table } = parseName(object);
  const rows = await ask(
    session,
    build
      .from('pg_class as c')
      .join('pg_namespace as n', 'n.oid', 'c.relnamespace')
      .whereIn('c.relkind', kinds)
      .whereNotIn('n.nspname', ['pg_catalog', 'information_schema'])
      .select(build.raw(`n.nspname || '.' || c.relname AS name`)),
  );
  const near = nearest(
    `${schema}.${table}`,
    rows.map((row) => row['name'] ?? ''),
  );
  return new LandfallError({
    code: 'source.missing-table',
    kind: 'permanent',
    what: `There is no table or view ${object} that this user can see.`,
    where: { connection: session.name, object },
    hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Check the name and its schema in the blueprint.',
  });
}

async function describeOne(session: Session, object: string): Promise<TableDescription> {
  const rows = await ask(session, columnsOf(object));
  if (rows.length === 0) throw await missing(session, object);
  const columns = rows.map((row): ColumnDescription => {
    const rule = typeRule(row['type'] ?? '', Number(row['modifier']));
    return {
      name: row['name'] ?? '',
      nativeType: row['native'] ?? '',
      stagedType: rule.stagedType,
      nullable: row['notnull'] !== 't',
      ...(rule.reason === undefined ? {} : { castReason: rule.reason }),
    };
  });
  const keys = await ask(session, keysOf(object));
  const uniqueKeys = keys.map((row) => JSON.parse(row['columns'] ?? '[]') as string[]);
  const [estimate] = await ask(
    session,
    catalogued(object).select(build.raw('greatest(c.reltuples, 0)::bigint AS rows')),
  );
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([columns.map((one) => [one.name, one.nativeType, one.nullable]), uniqueKeys]))
    .digest('hex')
    .slice(0, 16);
  return { object, columns, uniqueKeys, estimatedRows: Number(estimate?.['rows'] ?? 0), fingerprint };
}

/** @throws LandfallError `source.missing-table` with the nearest names */
export async function describe(session: Session, objects: readonly string[]): Promise<TableDescription[]> {
  const found: TableDescription[] = [];
  for (const object of objects) found.push(await describeOne(session, object));
  return found;
}
