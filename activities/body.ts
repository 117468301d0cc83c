import type { Part } from '../model/blueprint.ts';
import type { FieldKind } from '../model/shape.ts';
import { identifier, literal } from '../model/sql.ts';

/** A field's value as JSON carries it: exact numbers as text, instants in UTC with microseconds. */
function jsonValue(kind: FieldKind, column: string): string {
  switch (kind.kind) {
    case 'decimal':
    case 'bigint':
      return `CAST(${column} AS VARCHAR)`;
    case 'date':
      return `strftime(${column}, '%Y-%m-%d')`;
    case 'timestamp':
      return `strftime(timezone('UTC', ${column}), '%Y-%m-%dT%H:%M:%S.%fZ')`;
    default:
      return column;
  }
}

/** Fields of a part that are written as they are. */
export function plainFields(part: Part): string[] {
  return Object.entries(part.fields)
    .filter(([, mapping]) => mapping.kind === 'value')
    .map(([field]) => field);
}

/**
 * The body of a row as JSON text, made by DuckDB: the row itself never becomes a JavaScript object.
 *
 * @param from alias of the relation that holds the ready row
 */
export function bodyJson(part: Part, from: string): string {
  const pairs = plainFields(part).map((field) => {
    const kind = part.to.shape[field]?.type;
    if (!kind) throw new Error(`${part.name}.${field} is not in the shape`);
    return `${literal(field)}, ${jsonValue(kind, `${from}.${identifier(field)}`)}`;
  });
  // A create-only target cannot be addressed by the legacy key, so the row itself must carry it.
  if (part.to.write === 'create') pairs.push(`${literal(part.to.legacyKey)}, ${from}._key`);
  return pairs.length === 0 ? `'{}'` : `CAST(json_object(${pairs.join(', ')}) AS VARCHAR)`;
}
