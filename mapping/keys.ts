import { identifier, type Sql, textOf, type Lookup } from '../model/sql.ts';

/**
 * A source key as one text: the value itself for a single column, a JSON array of texts for several. NULL when any
 * part is NULL. The same formula serves rows and the references that point at them, so that they meet.
 */
export function keyText(expressions: readonly string[]): string {
  const texts = expressions.map((expression) => `CAST((${expression}) AS VARCHAR)`);
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return only;
  const anyNull = texts.map((one) => `${one} IS NULL`).join(' OR ');
  return `CASE WHEN ${anyNull} THEN NULL ELSE CAST(to_json([${texts.join(', ')}]) AS VARCHAR) END`;
}

/** The key of a staged row, from its key columns. */
export function rowKey(columns: readonly string[]): string {
  return keyText(columns.map(identifier));
}

/** The key of the row that a reference points at, from the reference's expressions. */
export function referenceKey(expressions: readonly Sql[], nameOf: (lookup: Lookup) => string): string {
  return keyText(expressions.map((expression) => textOf(expression, nameOf)));
}
