import { createHash } from 'node:crypto';
import { LandfallError } from '../../model/errors.ts';
import type { ColumnDescription, TableDescription } from '../port.ts';
import { nearest, parseName } from './names.ts';
import type { Session } from './session.ts';
import { typeRule } from './types.ts';

const columnsSql = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS native, coalesce(b.typname, t.typname) AS type,
         CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier, a.attnotnull AS notnull
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
  WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum`;

const keysSql = `
  SELECT array_to_json(array_agg(a.attname ORDER BY k.position))::text AS columns
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, position)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE n.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  GROUP BY i.indexrelid, i.indisprimary
  HAVING bool_and(a.attnotnull)
  ORDER BY i.indisprimary DESC, i.indexrelid`;

async function missing(session: Session, object: string): Promise<LandfallError> {
  const { schema, table } = parseName(object);
  const rows = await session.query(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')`,
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
  const { schema, table } = parseName(object);
  const rows = await session.query(columnsSql, [schema, table]);
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
  const keys = await session.query(keysSql, [schema, table]);
  const uniqueKeys = keys.map((row) => JSON.parse(row['columns'] ?? '[]') as string[]);
  const [estimate] = await session.query(
    `SELECT greatest(c.reltuples, 0)::bigint AS rows FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2`,
    [schema, table],
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
