import type { Part } from '../model/blueprint.ts';
import { identifier } from '../model/sql.ts';
import type { CompareInput } from '../reconcile/compare.ts';
import { crosswalkJoin } from './crosswalk.ts';
import { hasArrived } from './receipts.ts';
import type { Piece } from './staged-parts.ts';

/** What one chunk of a part was meant to be in the target: references as the target's keys. */
function meantPiece(part: Part, piece: Piece, crosswalks: ReadonlyMap<string, string>): string {
  const joins: string[] = [`JOIN ${piece.receipts} rc ON rc._key = q._key`];
  const fields = Object.entries(part.fields).map(([field, mapping]) => {
    const column = identifier(field);
    switch (mapping.kind) {
      case 'crosswalk': {
        const arms = mapping.arms.flatMap(({ entity: pointed }, i) => {
          const crosswalk = crosswalks.get(pointed);
          if (crosswalk === undefined) return [];
          const alias = identifier(`x:${field}:${i}`);
          joins.push(crosswalkJoin(crosswalk, alias, { field, entity: pointed }));
          return [`${alias}.target`];
        });
        return `lower(${arms.length === 0 ? 'NULL' : `coalesce(${arms.join(', ')}, NULL)`}) AS ${column}`;
      }
      case 'header': {
        joins.push(`LEFT JOIN ${piece.headers} h ON h._key = q._header`);
        return `lower(h.target) AS ${column}`;
      }
      case 'targetKey':
        return `lower(q.${column}) AS ${column}`;
      default:
        return `q.${column} AS ${column}`;
    }
  });
  return `(SELECT ${['q._key AS _key', 'lower(rc.target) AS _target', ...fields].join(', ')} FROM ${piece.ready.whole} q ${joins.join(' ')}
    WHERE ${hasArrived('rc')})`;
}

/**
 * What a part's rows were meant to be in the target, chunk by chunk, beside what was found there: the same columns on
 * both sides. Each chunk is joined by itself, so that the joins need not fit in memory together.
 */
export function comparedSides(
  part: Part,
  staged: { pieces: readonly Piece[]; actualPieces: readonly string[]; actualKeys: readonly string[] },
  crosswalks: ReadonlyMap<string, string>,
): Required<Pick<CompareInput, 'meant' | 'actual' | 'keys' | 'fields'>> & { meant: string[] } {
  const fields = Object.keys(part.fields);
  const found = fields.map((field) => {
    const column = identifier(field);
    return part.fields[field]?.kind === 'value' ? column : `lower(${column}) AS ${column}`;
  });
  return {
    meant: staged.pieces.map((piece) => meantPiece(part, piece, crosswalks)),
    actual: staged.actualPieces.map(
      (piece) => `(SELECT ${['_key', 'lower(_target) AS _target', ...found].join(', ')} FROM ${piece})`,
    ),
    keys: { meant: staged.pieces.map((piece) => piece.ready.open), actual: staged.actualKeys },
    fields,
  };
}

/** Entities whose crosswalks a part's references go through. */
export function pointedAt(part: Part): string[] {
  return [
    ...new Set(
      Object.values(part.fields).flatMap((mapping) =>
        mapping.kind === 'crosswalk' ? mapping.arms.map((arm) => arm.entity) : [],
      ),
    ),
  ];
}
