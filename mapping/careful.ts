import { identifier, literal } from '../model/sql.ts';
import { RejectList } from './fit.ts';

/** A mapped value: the field (or rule) that it is for, the column that it becomes, and its expression. */
export interface RawColumn {
  field: string;
  name: string;
  sql: string;
}

function tried(column: RawColumn): string {
  return identifier(`try:${column.name}`);
}

/** The value as it is: an expression that fails on one row fails for all. */
export function plainly(column: RawColumn): string {
  return `(${column.sql}) AS ${identifier(column.name)}`;
}

/** The value within a struct, which is NULL where the expression failed and else is there, also around a NULL. */
export function carefully(column: RawColumn): string {
  return `TRY({'v': (${column.sql})}) AS ${tried(column)}`;
}

/** An entry among a row's broken rules where the expression fails on it. */
export function failedEntry(field: string, sql: string): string {
  const entry = `{'rule': 'mapping.failed', 'field': ${literal(field)}, 'value': CAST(NULL AS VARCHAR)}`;
  return `CASE WHEN TRY({'v': (${sql})}) IS NULL THEN ${entry} END`;
}

/** Takes the values out of their structs, and notes with each row the fields whose expressions failed on it. */
export function caught(inner: string, columns: readonly RawColumn[]): string {
  const noted = new Set<string>();
  const entries = columns.flatMap((column) => {
    if (noted.has(column.field)) return [];
    noted.add(column.field);
    const entry = `{'rule': 'mapping.failed', 'field': ${literal(column.field)}, 'value': CAST(NULL AS VARCHAR)}`;
    return [`CASE WHEN ${tried(column)} IS NULL THEN ${entry} END`];
  });
  const bad = `list_concat(_bad, CAST(list_filter([${entries.join(', ')}], lambda x: x IS NOT NULL) AS ${RejectList}))`;
  const values = columns.map((column) => `${tried(column)}.v AS ${identifier(column.name)}`);
  return (
    `SELECT * EXCLUDE (${columns.map(tried).join(', ')}) REPLACE (${bad} AS _bad), ${values.join(', ')} ` +
    `FROM (${inner})`
  );
}
