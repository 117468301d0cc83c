import { LandfallError } from '../../model/errors.ts';
import type { FigureAnswer, FigureRequest, FigureRow, TargetCall } from '../port.ts';
import { typeOf } from './addresses.ts';
import { plainNumber } from './numbers.ts';
import { pages } from './pages.ts';
import { referenceOf } from './references.ts';
import type { Session } from './session.ts';
import { asText } from './values.ts';

/**
 * Lets the service compute a figure with `$apply` (OData Extension for Data Aggregation 4.0). Dataverse aggregates at
 * most 50,000 rows and does not group by instants (“Aggregate data using OData”); then the answer is `unsupported`.
 */
export async function figures(session: Session, request: FigureRequest, call: TargetCall): Promise<FigureAnswer> {
  const service = await session.metadata({ call });
  const type = typeOf(service, request.object, session.where);
  const property = (name: string): string =>
    type.properties.has(name) ? name : (referenceOf(service, type, name)?.lookup ?? name);
  const by = Object.entries(request.by).map(([label, name]) => ({ label, property: property(name) }));
  const instant = by.find((one) => type.properties.get(one.property)?.type === 'Edm.DateTimeOffset');
  if (instant) return { kind: 'unsupported', reason: `the target does not group by the instant ${instant.property}` };
  const { measure } = request;
  if (measure.kind === 'sum' && type.properties.get(measure.of)?.type === 'Edm.Double') {
    return { kind: 'unsupported', reason: `${measure.of} is a floating-point number: its sum is not exact` };
  }

  const value = 'landfall_value';
  const aggregate =
    measure.kind === 'count'
      ? `aggregate($count as ${value})`
      : `aggregate(${property(measure.of)} with ${measure.kind === 'sum' ? 'sum' : 'countdistinct'} as ${value})`;
  const grouped =
    by.length === 0 ? aggregate : `groupby((${[...new Set(by.map((one) => one.property))].join(',')}),${aggregate})`;
  const filters = [
    ...(request.having === undefined ? [] : [`${property(request.having)} ne null`]),
    ...(request.where === undefined ? [] : [`(${request.where})`]),
  ];
  const apply = filters.length === 0 ? grouped : `filter(${filters.join(' and ')})/${grouped}`;

  const rows: FigureRow[] = [];
  let asAt = new Date().toISOString();
  try {
    for await (const page of pages(session, `${request.object}?$apply=${encodeURIComponent(apply)}`, call)) {
      asAt = page.asAt;
      for (const row of page.rows) {
        const exact = plainNumber(row[value] ?? 0);
        if (exact === null) return { kind: 'unsupported', reason: 'the target’s answer holds no number' };
        const group = Object.fromEntries(by.map((one) => [one.label, asText(row[one.property])]));
        rows.push({ group, value: exact });
      }
    }
  } catch (error) {
    if (!(error instanceof LandfallError) || error.kind !== 'permanent') throw error;
    const limit = /0x8004E023|limit|maximum/i.test(error.confidential ?? '');
    return {
      kind: 'unsupported',
      reason: limit
        ? 'the target does not aggregate that many rows (Dataverse: 50,000)'
        : 'the target refuses this aggregation',
    };
  }
  return { kind: 'rows', rows, asAt };
}
