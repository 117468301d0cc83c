import type { Report } from '../model/report.ts';
import { markup, nothing, number, table, type Html } from './html.ts';

/** What people corrected by hand on the way: how many rows of what, which columns, who and why. Never the values. */
export function corrections(report: Report): Html {
  const made = report.corrections ?? [];
  if (made.length === 0) return nothing;
  const titles = new Map(report.parts.map((part) => [part.part, part.title]));
  return table(
    markup`Corrections`,
    [{ head: 'What' }, { head: 'Rows', numeric: true }, { head: 'Columns' }, { head: 'By' }, { head: 'Why' }],
    made.map((one) => [
      titles.get(one.part) ?? one.part,
      number(one.rows),
      one.columns.join(', '),
      markup`<bdi>${one.by}</bdi>`,
      one.reason === '' ? 'No reason was given.' : one.reason,
    ]),
  );
}
