import { textAs } from '../model/sql.ts';

/**
 * A condition on a text: whether casting it to a type would round or cut it without a word. Null for types whose cast
 * either keeps a text's whole value or fails.
 *
 * @param type a DuckDB type
 * @param column SQL of the text
 */
export function wouldLose(type: string, column: string): string | null {
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1] ?? (/^(?:INTEGER|BIGINT)$/.test(type) ? '0' : undefined);
  if (scale !== undefined) {
    return `regexp_matches(${column}, '[.]\\d{${scale}}\\d*[1-9]') OR regexp_matches(${column}, '[eE]')`;
  }
  return type === 'TIMESTAMPTZ' ? `regexp_matches(${column}, '[.]\\d{6}\\d*[1-9]')` : null;
}

/** A condition on a text: whether it is no value of a type at all, or one that the type would cut. */
export function isNone(type: string, column: string): string {
  const form = type === 'DATE' ? ` OR NOT regexp_full_match(${column}, '\\d{4,}-\\d{2}-\\d{2}')` : '';
  return `${column} IS NOT NULL AND ((${textAs(type, column, 'TRY_CAST')}) IS NULL${form})`;
}
