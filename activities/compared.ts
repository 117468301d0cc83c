import type { Entity, Part } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import { identifier, literal } from '../model/sql.ts';

interface Relations {
  ready: string;
  actual: string;
  receipts: string;
}

/**
 * What a part's rows were meant to be in the target, beside what was found there: the same columns on both sides, with
 * references as the target's keys.
 */
export function bodyFieldsOf(
  plan: Plan,
  entity: Entity,
  part: Part,
  own: Relations,
  all: ReadonlyMap<string, Relations>,
  crosswalks: ReadonlyMap<string, string>,
): { meant: string; actual: string; fields: string[] } {
  const fields = Object.keys(part.fields);
  const joins: string[] = [`JOIN ${own.receipts} rc ON rc._key = q._key`];
  const meant = fields.map((field) => {
    const mapping = part.fields[field];
    const column = identifier(field);
    switch (mapping?.kind) {
      case 'crosswalk': {
        const arms = mapping.arms.flatMap(({ entity: pointed }, i) => {
          const crosswalk = crosswalks.get(pointed);
          if (crosswalk === undefined) return [];
          const alias = identifier(`x:${field}:${i}`);
          joins.push(
            `LEFT JOIN ${crosswalk} ${alias} ON q.${identifier(`${field}$entity`)} = ${literal(pointed)} AND q.${column} = ${alias}._source`,
          );
          return [`${alias}.target`];
        });
        return `lower(${arms.length === 0 ? 'NULL' : `coalesce(${arms.join(', ')}, NULL)`}) AS ${column}`;
      }
      case 'header': {
        const header = all.get(entity.name);
        joins.push(`LEFT JOIN ${header?.receipts ?? ''} h ON h._key = q._header`);
        return `lower(h.target) AS ${column}`;
      }
      case 'targetKey':
        return `lower(q.${column}) AS ${column}`;
      default:
        return `q.${column} AS ${column}`;
    }
  });
  const isReference = (field: string): boolean => part.fields[field]?.kind !== 'value';
  const found = fields.map((field) => {
    const column = identifier(field);
    return isReference(field) ? `lower(${column}) AS ${column}` : column;
  });
  return {
    meant: `(SELECT ${['q._key AS _key', ...meant].join(', ')} FROM ${own.ready} q ${joins.join(' ')}
      WHERE rc.outcome IN ('created', 'updated', 'unchanged'))`,
    actual: `(SELECT ${['_key', '_target', ...found].join(', ')} FROM ${own.actual})`,
    fields,
  };
}
