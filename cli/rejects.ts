import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import type { Corrections } from '../activities/corrections.ts';
import type { Held } from '../activities/held.ts';
import { LandfallError } from '../model/errors.ts';
import { csvOf } from '../reconcile/csv.ts';

const head = ['entity', 'key', 'state', 'rule', 'field', 'value', 'columns', 'column', 'corrected'] as const;

/** What stands for «no value» among corrections, as in PostgreSQL's COPY. */
const NoValue = String.raw`\N`;

/** Rejects as a spreadsheet in which a person corrects them: the last two columns are theirs. */
export function rejectsCsv(rejects: readonly Held[]): string {
  return csvOf(
    head,
    rejects.map(({ entity, key, state, rule, field, value, columns }) => {
      const [only = ''] = columns.length === 1 ? columns : [];
      return [entity, key, state, rule, field, value, columns.join(' '), only, null];
    }),
  );
}

const Line = z.object({ entity: z.string(), key: z.string(), column: z.string(), corrected: z.string() });

/** A cell that would have been taken for a formula was given an apostrophe when it was written. */
function plain(cell: string): string {
  return /^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

/**
 * Reads corrections from a file that `landfall rejects` wrote and a person filled in: every line with something under
 * `corrected`.
 *
 * @throws LandfallError `corrections.file`
 */
export async function readCorrectionsFile(file: string, reason: string): Promise<Corrections> {
  const wrong = (what: string, cause?: unknown): LandfallError =>
    new LandfallError({
      code: 'corrections.file',
      kind: 'permanent',
      what,
      where: { file },
      hint: 'Write the file with `landfall rejects`, fill in `column` and `corrected`, and keep its first line.',
      cause,
    });
  let lines: unknown;
  try {
    lines = parse(await readFile(file, 'utf8'), { columns: true, bom: true, skip_empty_lines: true });
  } catch (error) {
    throw wrong('The file cannot be read as CSV.', error);
  }
  const parsed = z.array(Line).safeParse(lines);
  if (!parsed.success) throw wrong('The file lacks a column that says what to correct.', parsed.error);
  const entries = parsed.data
    .filter((line) => line.corrected !== '')
    .map((line) => ({
      part: plain(line.entity),
      key: plain(line.key),
      column: plain(line.column),
      value: line.corrected === NoValue ? null : plain(line.corrected),
    }));
  if (entries.length === 0) throw wrong('Nothing is corrected in the file.');
  return { reason, entries };
}
