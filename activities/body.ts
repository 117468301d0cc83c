import type { Part } from '../model/blueprint.ts';
import type { FieldKind } from '../model/shape.ts';
import { identifier, literal, timeInUtc } from '../model/sql.ts';

/** A field's value as text: dates and instants as ISO 8601 writes them, instants in UTC with microseconds. */
export function textValue(kind: FieldKind, column: string): string {
  switch (kind.kind) {
    case 'text':
      return column;
    case 'date':
      return `strftime(${column}, '%Y-%m-%d')`;
    case 'timestamp':
      return `strftime(${timeInUtc(column)}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
    default:
      return `CAST(${column} AS VARCHAR)`;
  }
}

/** A field's value as JSON carries it: exact numbers beyond 32 bits as text. */
function jsonValue(kind: FieldKind, column: string): string {
  const plain = kind.kind === 'integer' || kind.kind === 'choice' || kind.kind === 'boolean';
  return plain ? column : textValue(kind, column);
}

/** Fields of a part that are written as they are. */
export function plainFields(part: Part): string[] {
  return Object.entries(part.fields)
    .filter(([, mapping]) => mapping.kind === 'value')
    .map(([field]) => field);
}

/** The body of a row as JSON text, made by DuckDB: the row itself never becomes a JavaScript object. */
export function bodyJson(part: Part): string {
  const pairs = plainFields(part).map((field) => {
    const kind = part.to.shape[field]?.type;
    if (!kind) throw new Error(`${part.name}.${field} is not in the shape`);
    return `${literal(field)}, ${jsonValue(kind, identifier(field))}`;
  });
  // A create-only target cannot be addressed by the legacy key, so the row itself must carry it.
  if (part.to.write === 'create') pairs.push(`${literal(part.to.legacyKey)}, _key`);
  return pairs.length === 0 ? `'{}'` : `CAST(json_object(${pairs.join(', ')}) AS VARCHAR)`;
}
