import type { FigureAnswer, FigureRequest, LeaseRef } from '../port.ts';
import { quoted, quotedName } from './names.ts';
import type { Session } from './session.ts';

function measureSql(measure: FigureRequest['measure']): string {
  switch (measure.kind) {
    case 'count':
      return 'count(*)';
    case 'countDistinct':
      return `count(DISTINCT (${measure.of}))`;
    case 'sum':
      return `coalesce(sum((${measure.of})::numeric), 0)`;
  }
}

/** Computes a figure in the source itself; exact, as numeric. */
export async function figures(session: Session, request: FigureRequest, lease?: LeaseRef): Promise<FigureAnswer> {
  const labels = Object.entries(request.by);
  const groups = labels.map(([label, expression]) => `(${expression})::text AS ${quoted(label)}`);
  const sql = `
    SELECT ${[...groups, `(${measureSql(request.measure)})::text AS "measured"`].join(', ')}, now()::text AS "asked at"
    FROM ${quotedName(request.object)} WHERE ${request.where ?? 'true'}
    ${labels.length > 0 ? `GROUP BY ${labels.map((_, i) => i + 1).join(', ')}` : ''}`;
  const rows = await session.query(sql, [], lease?.token);
  return {
    kind: 'rows',
    rows: rows.map((row) => ({
      group: Object.fromEntries(labels.map(([label]) => [label, row[label] ?? null])),
      value: row['measured'] ?? '0',
    })),
    asAt: rows[0]?.['asked at'] ?? '',
  };
}
