import knex, { type Knex } from 'knex';
import type { FigureAnswer, FigureRequest, LeaseRef, TargetCall } from '../port.ts';
import { asked } from './asked.ts';
import { columnOf, type Catalogue } from './catalogue.ts';
import { parseName, quoted } from './names.ts';
import { instant } from './read-back.ts';
import type { Session, TextRow } from './session.ts';

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

interface Question {
  sql: string;
  bindings: readonly unknown[];
}

function questionOf(request: FigureRequest): Question {
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
  return query.toSQL().toNative();
}

function answered(request: FigureRequest, rows: readonly TextRow[], asAt: string): FigureAnswer {
  const labels = Object.keys(request.by);
  return {
    kind: 'rows',
    rows: rows.map((row) => ({
      group: Object.fromEntries(labels.map((label) => [label, row[label] ?? null])),
      value: row['measured'] ?? '0',
    })),
    asAt,
  };
}

/** Computes a figure in the source itself; exact, as numeric. */
export async function figures(session: Session, request: FigureRequest, lease?: LeaseRef): Promise<FigureAnswer> {
  const { sql, bindings } = questionOf(request);
  const rows = await session.query(sql, bindings, lease?.token);
  return answered(request, rows, rows[0]?.['asked at'] ?? '');
}

/** Computes a figure in the target, grouped by columns and not by expressions; exact, as numeric. */
export async function targetFigures(
  session: Session,
  catalogue: Catalogue,
  request: FigureRequest,
  call: TargetCall,
): Promise<FigureAnswer> {
  const table = await catalogue.table(request.object);
  const { measure } = request;
  const where = { connection: session.name, collection: request.object };
  const by = Object.fromEntries(
    Object.entries(request.by).map(([label, name]) => [label, quoted(columnOf(table, name, where).name)]),
  );
  if (measure.kind === 'sum' && columnOf(table, measure.of, where).type.startsWith('float')) {
    return { kind: 'unsupported', reason: `${measure.of} is a floating-point number: its sum is not exact` };
  }
  const asking: FigureRequest = {
    ...request,
    by,
    measure: measure.kind === 'count' ? measure : { ...measure, of: quoted(columnOf(table, measure.of, where).name) },
  };
  const { sql, bindings } = questionOf(asking);
  const rows = await asked(session, call, sql, bindings);
  if (rows.some((row) => !/^-?\d/.test(row['measured'] ?? '0'))) {
    return { kind: 'unsupported', reason: 'the sum holds NaN or an infinity' };
  }
  return answered(request, rows, instant(rows[0]?.['asked at']));
}
