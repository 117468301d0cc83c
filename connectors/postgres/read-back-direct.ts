import { escapeLiteral } from 'pg';
import { LandfallError } from '../../model/errors.ts';
import type { DirectPage, TargetCall, TargetCollection } from '../port.ts';
import { asked, gated } from './asked.ts';
import { attach, duckLiteral } from './attach.ts';
import { armColumn, columnOf, type Catalogue, type Column, type Table } from './catalogue.ts';
import { brokenOff } from './errors.ts';
import { quoted, quotedName } from './names.ts';
import { afterOf, instant, tokenOf } from './read-back.ts';
import type { Session } from './session.ts';

/**
 * Types whose cast to text gives what the server prints, or, of booleans, what DuckDB reads as well. Other casts may leave
 * something out or add it: blanks of `char(n)`, the mask of `inet`.
 */
const CastAsPrinted = new Set(['bool', 'int2', 'int4', 'int8', 'numeric', 'text', 'varchar', 'uuid']);

/** A column's value as text; years before 1 as ISO 8601 counts them, from 0 down: the server prints them as BC. */
function textOf({ name, type }: Column): string {
  const column = quoted(name);
  if (CastAsPrinted.has(type)) return `${column}::text`;
  // With one that is NULL, `format` prints nothing, which is another value.
  if (type !== 'date' && type !== 'timestamp' && type !== 'timestamptz') {
    return `CASE WHEN ${column} IS NOT NULL THEN format('%s', ${column}) END`;
  }
  const rest = type === 'date' ? '-MM-DD' : '-MM-DD"T"HH24:MI:SS.US"Z"';
  return `CASE WHEN isfinite(${column}) AND extract(year FROM ${column}) < 1
    THEN to_char(extract(year FROM ${column}) + 1, 'FM0000') || to_char(${column}, '${rest}') ELSE ${column}::text END`;
}

/** A field's value as text; null where the pages of objects read it otherwise. */
function valueOf(table: Table, { collection, shape }: TargetCollection, field: string, where: object): string | null {
  const kind = shape[field]?.type;
  const place = { ...where, collection };
  if (kind?.kind === 'reference' && kind.collections.length > 1) {
    const arms = kind.collections.map((arm) => textOf(columnOf(table, armColumn(field, arm), place)));
    return `coalesce(${arms.join(', ')})`;
  }
  const column = columnOf(table, field, place);
  const whole = kind?.kind === 'integer' || kind?.kind === 'choice';
  if (whole && !/^int[248]$/.test(column.type)) return null;
  return textOf(column);
}

/** What failed though the target did not. */
interface Aside {
  error: unknown;
}

/** Does what `gated` does, but not where the work fails by itself: that says nothing of the target, nor is it repeated. */
async function requested(session: Session, call: TargetCall, work: () => Promise<void>): Promise<void> {
  const aside = await gated(session, call, async (): Promise<Aside | null> => {
    try {
      await work();
      return null;
    } catch (error) {
      if (error instanceof LandfallError && error.code.startsWith('target.')) throw error;
      return { error };
    }
  });
  if (aside) throw aside.error;
}

/** A page of the rows that carry a legacy key, in the order of the target's own keys, for DuckDB to read by itself. */
export async function readBackDirect(
  session: Session,
  catalogue: Catalogue,
  collection: TargetCollection,
  fields: readonly string[],
  after: string | null,
  rows: number,
  call: TargetCall,
): Promise<DirectPage | null> {
  const table = await catalogue.table(collection.collection);
  const place = { connection: session.name };
  const values: string[] = [];
  for (const field of fields) {
    const value = valueOf(table, collection, field, place);
    if (value === null) return null;
    values.push(`${value} AS ${quoted(field)}`);
  }
  const idColumn = columnOf(table, collection.id, place);
  const id = quoted(collection.id);
  const key = quoted(collection.legacyKey);
  const target = textOf(idColumn);
  const legacy = textOf(columnOf(table, collection.legacyKey, place));
  const from = quotedName(collection.collection);
  const bound = (than: '>' | '<=', text: string): string =>
    `AND ${id} ${than} ${escapeLiteral(text)}::${idColumn.cast}`;
  const rest = `${key} IS NOT NULL ${after === null ? '' : bound('>', afterOf(session, collection, after))}`;
  const page = `SELECT ${[`${target} AS _target`, `${legacy} AS _key`, ...values].join(', ')} FROM ${from} WHERE ${rest}`;
  // By its name alone the key's text, which has the same name, would be what is ordered by. The page itself is asked for along
  // with it, of no row: what the server refuses of it has a code here, and in DuckDB's words has none.
  const [found] = await asked(
    session,
    call,
    `SELECT now() AS "asked at",
       (SELECT ${target} FROM ${from} AS rest WHERE ${rest} ORDER BY rest.${id} OFFSET ${rows - 1} LIMIT 1) AS last
     FROM (SELECT 1) AS one LEFT JOIN (${page} LIMIT 0) AS none ON true`,
  );
  const last = found?.['last'] ?? null;
  const query = last === null ? page : `${page} ${bound('<=', last)}`;
  return {
    read: {
      via: 'duckdb',
      extension: 'postgres_scanner',
      // A try that failed has left its connection behind.
      setup: ['DETACH DATABASE IF EXISTS target', attach(session, 'target')],
      select: `SELECT * FROM postgres_query('target', ${duckLiteral(query)})`,
      teardown: ['DETACH target'],
      brokenOff: (message) => brokenOff(message, session.name, session.settings, 'target'),
    },
    request: (work) => requested(session, call, work),
    next: last === null ? null : tokenOf(collection, last),
    asAt: instant(found?.['asked at']),
  };
}
