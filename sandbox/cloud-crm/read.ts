import type pg from 'pg';
import { columnOf, filterSql } from './filter.ts';
import { bySet, type EntitySet, type Property } from './model.ts';
import { problems } from './problem.ts';

export interface ReadOptions {
  root: string;
  /** Whether decimals go out as strings. */
  exact: boolean;
  annotations: boolean;
  pageSize: number;
  aggregateLimit: number;
}

/** The most rows that a count tells (Dataverse, "Count rows": limited to 5,000). */
const CountLimit = 5000;

function valueSql(property: Property, exact: boolean): string {
  const column = `"${property.name}"`;
  switch (property.type) {
    case 'Decimal':
      return exact ? `${column}::text` : column;
    case 'Date':
      return `to_char(${column}, 'YYYY-MM-DD')`;
    case 'DateTimeOffset':
      return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
    default:
      return column;
  }
}

/** A row as JSON text, made by the database: nothing of it is parsed on the way out. */
export function rowJson(
  set: EntitySet,
  select: readonly string[] | null,
  options: Pick<ReadOptions, 'exact' | 'annotations'>,
): string {
  const wanted = (name: string): boolean => select === null || select.includes(name);
  const pairs = [`'@odata.etag', 'W/"' || "$version" || '"'`, `'${set.id}', "${set.id}"`];
  for (const property of set.properties) {
    if (wanted(property.name)) pairs.push(`'${property.name}', ${valueSql(property, options.exact)}`);
  }
  for (const lookup of set.lookups) {
    const name = `_${lookup.name}_value`;
    if (!wanted(name)) continue;
    pairs.push(`'${name}', ${columnOf(set, name)}`);
    if (options.annotations) {
      const cases = lookup.navigations.map(
        (one) => `WHEN "${one.name}" IS NOT NULL THEN '${bySet.get(one.set)?.type ?? ''}'`,
      );
      pairs.push(`'${name}@Microsoft.Dynamics.CRM.lookuplogicalname', CASE ${cases.join(' ')} END`);
    }
  }
  for (const file of set.files ?? []) {
    if (!wanted(`${file}_name`)) continue;
    pairs.push(
      `'${file}_name', (SELECT name FROM "$files" f WHERE f.entity_set = '${set.set}' AND f.id = "${set.id}" AND f.property = '${file}' AND part = 0)`,
    );
  }
  const known = new Set([
    set.id,
    ...set.properties.map((one) => one.name),
    ...set.lookups.map((one) => `_${one.name}_value`),
    ...(set.files ?? []).map((one) => `${one}_name`),
  ]);
  for (const name of select ?? []) if (!known.has(name)) throw problems.undeclared(set.type, name);
  return `json_build_object(${pairs.join(', ')})::text`;
}

function listOf(text: string | null): string[] | null {
  return text === null
    ? null
    : text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '');
}

/** GET of a collection: $select, $filter, $orderby, $top, $count, $apply, and pages with an opaque next link. */
export async function readSet(
  pool: pg.Pool,
  set: EntitySet,
  query: URLSearchParams,
  options: ReadOptions,
): Promise<string> {
  const apply = query.get('$apply');
  if (apply !== null) return applySet(pool, set, apply, options);
  const select = listOf(query.get('$select'));
  const values: unknown[] = [];
  const filter = query.get('$filter');
  const where = filter === null ? 'true' : filterSql(set, filter, values);
  const top = query.get('$top');
  const order = query.get('$orderby');
  const token = query.get('$skiptoken');
  const size = Math.min(options.pageSize, top === null ? Number.POSITIVE_INFINITY : Number(top));

  let resume = 'true';
  let offset = 0;
  if (token !== null) {
    const position = Buffer.from(token, 'base64url').toString();
    if (order === null) {
      values.push(position);
      resume = `"${set.id}" > $${values.length}::uuid`;
    } else offset = Number(position);
  }
  const orderSql = (order ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [name = '', direction] = part.trim().split(/\s+/);
      return `${columnOf(set, name)} ${direction === 'desc' ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`;
    });
  const sql =
    `SELECT ${rowJson(set, select, options)} AS row, "${set.id}"::text AS id FROM "${set.set}" WHERE (${where}) AND ${resume} ` +
    `ORDER BY ${[...orderSql, `"${set.id}"`].join(', ')} LIMIT ${size + 1} OFFSET ${offset}`;
  const { rows } = await pool.query<{ row: string; id: string }>(sql, values);
  const page = rows.slice(0, size);
  let next = '';
  if (rows.length > size && top === null) {
    const position = order === null ? (page.at(-1)?.id ?? '') : String(offset + size);
    const link = new URLSearchParams(query);
    link.set('$skiptoken', Buffer.from(position).toString('base64url'));
    next = `,"@odata.nextLink":${JSON.stringify(`${options.root}/${set.set}?${link.toString()}`)}`;
  }
  let count = '';
  if (query.get('$count') === 'true') count = `"@odata.count":${await countSet(pool, set, filter)},`;
  return `{"@odata.context":"${options.root}/$metadata#${set.set}",${count}"value":[${page.map((one) => one.row).join(',')}]${next}}`;
}

export async function countSet(pool: pg.Pool, set: EntitySet, filter: string | null): Promise<number> {
  const values: unknown[] = [];
  const where = filter === null ? 'true' : filterSql(set, filter, values);
  const { rows } = await pool.query<{ n: string }>(`SELECT count(*) AS n FROM "${set.set}" WHERE ${where}`, values);
  return Math.min(Number(rows[0]?.n), CountLimit);
}

const aggregates: Record<string, (column: string) => string> = {
  sum: (column) => `sum(${column})`,
  min: (column) => `min(${column})`,
  max: (column) => `max(${column})`,
  average: (column) => `avg(${column})`,
  countdistinct: (column) => `count(DISTINCT ${column})`,
};

/** `filter(…)/groupby((a,b),aggregate(x with sum as y,$count as n))`: what Dataverse supports, up to its limit of rows. */
async function applySet(pool: pg.Pool, set: EntitySet, apply: string, options: ReadOptions): Promise<string> {
  const values: unknown[] = [];
  let rest = apply;
  let where = 'true';
  const filtered = /^filter\((.*)\)\/(?=groupby\(|aggregate\()/s.exec(rest);
  if (filtered) {
    where = filterSql(set, filtered[1] ?? '', values);
    rest = rest.slice(filtered[0].length);
  }
  const grouped = /^groupby\(\(([^)]*)\)(?:,aggregate\((.*)\))?\)$/s.exec(rest);
  const plain = /^aggregate\((.*)\)$/s.exec(rest);
  if (!grouped && !plain) throw problems.syntax('in $apply');
  const groups = (grouped?.[1] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const parts = (grouped?.[2] ?? plain?.[1] ?? '').split(',').filter((part) => part.trim() !== '');
  const measures = parts.map((part) => {
    const count = /^\$count as (\w+)$/.exec(part.trim());
    if (count) return { name: count[1] ?? '', sql: 'count(*)', decimal: false };
    const found = /^(\w+) with (\w+) as (\w+)$/.exec(part.trim());
    const aggregate = aggregates[found?.[2] ?? ''];
    if (!found || !aggregate) throw problems.syntax(`in $apply: ${part}`);
    return { name: found[3] ?? '', sql: aggregate(columnOf(set, found[1] ?? '')), decimal: true };
  });
  const limit = await pool.query<{ n: string }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM "${set.set}" WHERE ${where} LIMIT ${options.aggregateLimit + 1}) x`,
    values,
  );
  if (Number(limit.rows[0]?.n) > options.aggregateLimit) throw problems.aggregateLimit();
  const pairs = [
    ...groups.map((name) => `'${name}', ${columnOf(set, name)}`),
    ...measures.map((one) => `'${one.name}', ${one.decimal && options.exact ? `(${one.sql})::text` : one.sql}`),
  ];
  const { rows } = await pool.query<{ row: string }>(
    `SELECT json_build_object(${pairs.join(', ')})::text AS row FROM "${set.set}" WHERE ${where}` +
      (groups.length > 0 ? ` GROUP BY ${groups.map((name) => columnOf(set, name)).join(', ')}` : ''),
    values,
  );
  return `{"@odata.context":"${options.root}/$metadata#${set.set}","value":[${rows.map((one) => one.row).join(',')}]}`;
}
