import { blueprint, collection, date, decimal, entity, sql, table, text } from '../model/builders.ts';
import type { Blueprint } from '../model/blueprint.ts';

/** Rows of each table: so few that what an entity costs is its steps. */
export const RowsAnEntity = 20;

/** Names of the tables, `kind_001` and on. */
export function kinds(entities: number): string[] {
  return Array.from({ length: entities }, (_, i) => `kind_${String(i + 1).padStart(3, '0')}`);
}

const entityOf = (kind: string) =>
  entity(kind.replace('_', '-'), {
    from: table(kind, { key: ['id'] }),
    to: collection(kind, {
      id: 'id',
      legacyKey: 'id',
      shape: { name: text(100), amount: decimal(18, 2), since: date() },
    }),
    legacyKey: sql`CAST(id AS VARCHAR)`,
    fields: { name: sql`name`, amount: sql`amount`, since: sql`since` },
  });

/** As many entities of few rows as are asked for, each of a table of its own into a table of its own. */
export function manyEntities(entities: number): Blueprint {
  const [first = '', ...others] = kinds(entities);
  return blueprint('ledger', {
    title: `${entities} kinds of objects`,
    entities: [entityOf(first), ...others.map(entityOf)],
  });
}
