import { identifier } from '../model/sql.ts';

/**
 * Words that DuckDB does not take for a column by themselves, and names that mean the session rather than a column. A test
 * compares them with DuckDB's own.
 */
export const reservedWords: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default ' +
    'deferrable desc describe distinct do else end except false fetch for foreign from group having in initially ' +
    'intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing ' +
    'primary qualify references returning select show some summarize symmetric table then to trailing true union unique ' +
    'unpivot using variadic when where window with ' +
    'current_catalog current_date current_role current_schema current_time current_timestamp current_user localtime ' +
    'localtimestamp session_user user ' +
    'anti asof at authorization binary by collation concurrently cross freeze full glob ilike inner is isnull join left ' +
    'like natural notnull outer overlaps positional right semi similar tablesample unpack verbose'
  ).split(' '),
);

/** A column's name in SQL, quoted where it has to be. */
export function sqlName(column: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(column) && !reservedWords.has(column) ? column : identifier(column);
}
