import { stringify } from 'csv-stringify/sync';
import type { PartReport, Report } from '../model/report.ts';

export interface CsvOptions {
  /** Begin with a byte-order mark, without which Excel takes UTF-8 for the machine's own code page. */
  bom?: boolean;
}

/** What a cell may hold. No value gives an empty cell, an empty text a quoted one. */
export type Cell = string | number | null;

/**
 * Rows as CSV (RFC 4180: CRLF, quotes doubled), in pieces. A text that a spreadsheet would take for a formula (it begins
 * with =, +, -, @, a tab or a carriage return) gets an apostrophe before it.
 *
 * Source: OWASP, “CSV Injection”.
 *
 * @param batches rows in the order of the head; may be endless, one batch is held at a time
 */
export async function* csvLines(
  head: readonly string[],
  batches: AsyncIterable<readonly (readonly Cell[])[]> | Iterable<readonly (readonly Cell[])[]>,
  options: CsvOptions = {},
): AsyncGenerator<string> {
  yield csvOf(head, [], options);
  for await (const rows of batches) yield lines(rows);
}

/** All rows as one CSV text; see `csvLines`. */
export function csvOf(head: readonly string[], rows: readonly (readonly Cell[])[], options: CsvOptions = {}): string {
  return `${options.bom === true ? '\uFEFF' : ''}${lines([head])}${lines(rows)}`;
}

/** An empty text is told from no value by its quotes. */
function emptyQuoted(value: string): string | { value: string; quoted_empty: boolean } {
  return value === '' ? { value, quoted_empty: true } : value;
}

function lines(rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '';
  return stringify(
    rows.map((row) => [...row]),
    { record_delimiter: 'windows', escape_formulas: true, quoted_match: /^\s|\s$/, cast: { string: emptyQuoted } },
  );
}

function perPart<T>(report: Report, rowsOf: (part: PartReport) => readonly T[], cells: (row: T) => Cell[]): Cell[][] {
  return report.parts.flatMap((part) => rowsOf(part).map((row) => [part.entity, part.part, ...cells(row)]));
}

/** The listed differences of a report, and what is missing, unexpected and there twice. */
export function differencesCsv(report: Report, options: CsvOptions = {}): string {
  const keys = (kind: string, listOf: (part: PartReport) => readonly string[]): Cell[][] =>
    perPart(report, listOf, (key) => [kind, null, key, null, null, null]);
  const rows = [
    ...perPart(
      report,
      (part) => part.differences,
      (one) => ['differs', one.id, one.key, one.field, one.meant, one.found],
    ),
    ...keys('missing', (part) => part.missingKeys),
    ...keys('unexpected', (part) => part.unexpectedKeys),
    ...keys('duplicate', (part) => part.duplicateKeys),
  ];
  return csvOf(['entity', 'part', 'finding', 'id', 'key', 'field', 'meant', 'found'], rows, options);
}

const heldKinds = ['rejected', 'refused', 'blocked', 'leftBehind', 'dropped'] as const;

/** What was held back, left behind or moved without a reference: by rule and field, with its reason. */
export function rejectsCsv(report: Report, options: CsvOptions = {}): string {
  const rows = heldKinds.flatMap((kind) =>
    perPart(
      report,
      (part) => part[kind],
      (one): Cell[] => [kind === 'leftBehind' ? 'left behind' : kind, one.rule, one.field, one.rows, one.reason],
    ),
  );
  return csvOf(['entity', 'part', 'outcome', 'rule', 'field', 'rows', 'reason'], rows, options);
}
