import knex, { type Knex } from 'knex';
import type { FigureAnswer, FigureRequest, LeaseRef } from '../port.ts';
import { parseName } from './names.ts';
import type { Session } from './session.ts';

/** Writes SQL; the session runs it. */
const build = knex({ client: 'pg' });

/** An engineer's own SQL, in which a question mark is an operator and not a place for a value. */
function own(sql: string): Knex.Raw {
  return build.raw(sql.replaceAll('?', '\\?'));
}

function measured(measure: FigureRequest['measure']): Knex.Raw {
  switch (measure.kind) {
    case 'count':
      return build.raw('(count(*))::text AS "measured"');
    case 'countDistinct':
      return build.raw('(count(DISTINCT (?)))::text AS "measured"', [own(measure.of)]);
    case 'sum':
      return build.raw('(coalesce(sum((?)::numeric), 0))::text AS "measured"', [own(measure.of)]);
  }
}

/** Computes a figure in the source itself; exact, as numeric. */
export async function figures(session: Session, request: FigureRequest, lease?: LeaseRef): Promise<FigureAnswer> {
  const labels = Object.entries(request.by);
  const { schema, table } = parseName(request.object);
  const query = build
    .withSchema(schema)
    .from(table)
    .select(
      ...labels.map(([label, expression]) => build.raw('(?)::text AS ??', [own(expression), label])),
      measured(request.measure),
      build.raw('now()::text AS "asked at"'),
    );
  if (request.where !== undefined) void query.whereRaw('(?)', [own(request.where)]);
  if (request.having !== undefined) void query.whereNotNull(request.having);
  if (labels.length > 0) void query.groupByRaw(labels.map((_, i) => i + 1).join(', '));
  const { sql, bindings } = query.toSQL().toNative();
  const rows = await session.query(sql, bindings, lease?.token);
  return {
    kind: 'rows',
    rows: rows.map((row) => ({
      group: Object.fromEntries(labels.map(([label]) => [label, row[label] ?? null])),
      value: row['measured'] ?? '0',
    })),
    asAt: rows[0]?.['asked at'] ?? '',
  };
}
