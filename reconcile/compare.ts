import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { Masked, type Difference, type PartReport } from '../model/report.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { judgeKeys, noneJudged, type TwoSides } from './buckets.ts';
import { comparedField, type ComparedField } from './canonical.ts';
import { excerpt } from './excerpt.ts';
import { forgetLeft, settledPairs, settleInOrder, type OrderLimits } from './in-order.ts';
import { differingRows, noneTakenApart, takeApart } from './take-apart.ts';

/** What comparing a part's rows with what was read back amounts to. */
export type Comparison = Pick<
  PartReport,
  | 'readBack'
  | 'equal'
  | 'differing'
  | 'missing'
  | 'unexpected'
  | 'duplicates'
  | 'differences'
  | 'differencesTotal'
  | 'differencesByField'
  | 'missingKeys'
  | 'unexpectedKeys'
  | 'duplicateKeys'
  | 'compared'
  | 'notCompared'
>;

export interface CompareInput {
  /**
   * Relation with `_key`, the fields and, where the receipts' own keys are to be compared, `_target`; rows whose write
   * was confirmed. Several relations are read one after the other, so that joins in them need only fit by themselves.
   */
  meant: string | readonly string[];
  /** Relation with `_key`, `_target` and the same fields, or several. A field that it lacks is reported as not compared. */
  actual: string | readonly string[];
  /** For each piece a relation that has at least the `_key` of its rows, where that costs less than the piece itself. */
  keys?: { meant: readonly string[]; actual: readonly string[] };
  fields: readonly string[];
  /** Fields whose values the report may not show; `_key` among them masks the keys. */
  masked: ReadonlySet<string>;
  /** How many differences, and how many keys of each kind, to list. */
  list: number;
  /** The name of the job's Parquet key for what is written on the way; `rows` where it is left out. */
  key?: string;
  /** Called between statements. */
  beat?: () => void;
  /** How much of sides that are in the same order is looked at at a time; what is usual where it is left out. */
  limits?: OrderLimits;
}

const Totals = z.object({ category: z.string(), keys: z.coerce.number(), found: z.coerce.number() });
const Key = z.object({ _key: z.string() });
const ByField = z.object({ field: z.string(), rows: z.coerce.number() });
const DifferenceRow = z.object({
  id: z.coerce.number(),
  key: z.string(),
  field: z.string(),
  meant: z.string().nullable(),
  found: z.string().nullable(),
});

/**
 * Compares, field by field and exactly, what was meant with what the target holds. NULL equals NULL alone, texts compare
 * code point by code point, instants as instants. Rows that both sides give in about the same order are compared value by
 * value as they come; others are told apart by a hash over all fields. Only those that differ are taken apart; memory does
 * not grow with the rows.
 *
 * Leaves the tables `difference` (complete, nothing masked; see `takeApart`) and `judged` (see `judgeKeys`) in the job,
 * for `stageFindings`. The next comparison in the same job replaces them.
 *
 * @throws LandfallError `accounting.imbalance` when legacy keys of what was meant are found not to be unique; `compare.columns`
 *   and `compare.types` when the two sides cannot be compared
 */
export async function compareRows(job: DuckJob, of: CompareInput): Promise<Comparison> {
  const beat = of.beat ?? ((): void => {});
  const { sides, notCompared } = await align(job, of);
  const left = await judge(job, sides, beat, of.limits);
  if (left !== null) await takeApart(job, left, beat);
  else await noneTakenApart(job);
  await forgetLeft(job);

  const totals = await job.all(
    `SELECT category, sum(keys) AS keys, sum(found - twice) AS found FROM judged GROUP BY category`,
    Totals,
  );
  const sum = (what: 'keys' | 'found', ...categories: string[]): number =>
    totals.reduce((n, row) => (categories.length === 0 || categories.includes(row.category) ? n + row[what] : n), 0);
  const hideKeys = of.masked.has('_key');
  const shownKey = (key: string): string => (hideKeys ? Masked : key);
  const keys = async (...categories: string[]): Promise<string[]> => {
    const listed = `SELECT coalesce(_key, '') AS _key FROM judged WHERE category IN (${categories.map((one) => `'${one}'`).join(', ')})`;
    return (await job.all(`${listed} ORDER BY _key LIMIT ${of.list}`, Key)).map((row) => shownKey(row._key));
  };
  const differencesByField = await job.all(
    `SELECT field, count(*) AS rows FROM difference GROUP BY field ORDER BY rows DESC, field`,
    ByField,
  );
  const listed = await job.all(`SELECT * FROM difference ORDER BY key, field, id LIMIT ${of.list}`, DifferenceRow);
  const differing = await differingRows(job);
  return {
    readBack: sum('found'),
    equal: sum('keys', 'equal', 'differs', 'duplicate') - differing,
    differing,
    missing: sum('keys', 'missing'),
    unexpected: sum('found', 'unexpected', 'unexpected twice'),
    duplicates: sum('keys', 'duplicate', 'unexpected twice'),
    differences: listed.map((row): Difference => ({
      id: row.id,
      key: shownKey(row.key),
      field: row.field,
      ...excerpt(row.meant, row.found, of.masked.has(row.field)),
    })),
    differencesTotal: differencesByField.reduce((n, row) => n + row.rows, 0),
    differencesByField,
    missingKeys: await keys('missing'),
    unexpectedKeys: await keys('unexpected', 'unexpected twice'),
    duplicateKeys: await keys('duplicate', 'unexpected twice'),
    compared: sides.fields.map((one) => one.field),
    notCompared,
  };
}

/** Judges every key. @returns the rows among which those are that must be taken apart; null where there are none */
async function judge(job: DuckJob, sides: TwoSides, beat: () => void, limits?: OrderLimits): Promise<TwoSides | null> {
  await noneJudged(job);
  const settled = await settleInOrder(job, sides, beat, limits);
  if (settled === null) {
    await judgeKeys(job, sides, beat);
    return sides;
  }
  const judged = settled.left === null ? { meant: 0, actual: 0 } : await judgeKeys(job, settled.left, beat);
  const equal = settledPairs(settled, judged);
  await job.run(`INSERT INTO judged VALUES (0, 'equal', NULL, ${equal}, ${equal}, 0)`);
  return settled.left;
}

/** Finds out which columns the sides have in common, and how each is compared. */
async function align(
  job: DuckJob,
  of: CompareInput,
): Promise<{ sides: TwoSides; notCompared: { field: string; reason: string }[] }> {
  const pieces = (relation: string | readonly string[]): readonly string[] =>
    typeof relation === 'string' ? [relation] : relation;
  const meant = await columnsOf(job, pieces(of.meant), 'what was meant');
  const actual = await columnsOf(job, pieces(of.actual), 'what was read back');
  const fields: ComparedField[] = [];
  const notCompared: { field: string; reason: string }[] = [];
  for (const field of of.fields) {
    const type = meant.get(field);
    const found = actual.get(field);
    if (type === undefined) throw lacking(field, 'what was meant');
    if (found === undefined) notCompared.push({ field, reason: 'the target does not give it back' });
    else fields.push(comparedField(field, type, found));
  }
  return {
    sides: {
      meant: pieces(of.meant),
      actual: pieces(of.actual),
      keys: of.keys ?? { meant: pieces(of.meant), actual: pieces(of.actual) },
      fields,
      targets: { meant: meant.has('_target') && actual.has('_target'), actual: actual.has('_target') },
      key: of.key ?? 'rows',
    },
    notCompared,
  };
}

async function columnsOf(job: DuckJob, pieces: readonly string[], side: string): Promise<Map<string, string>> {
  let columns: Map<string, string> | undefined;
  for (const piece of pieces) {
    const own = await job.describe(`SELECT * FROM ${piece}`);
    columns ??= own;
    for (const [name, type] of own) if (columns.get(name) !== type) throw lacking(name, side);
    for (const name of columns.keys()) if (!own.has(name)) throw lacking(name, side);
  }
  if (!columns?.has('_key')) throw lacking('_key', side);
  return columns;
}

function lacking(field: string, side: string): LandfallError {
  return new LandfallError({
    code: 'compare.columns',
    kind: 'permanent',
    what: `A column is missing in ${side}, or has another type in one of its files than in the others.`,
    where: { field },
    hint: 'This is a defect in Landfall: please report it with the plan.',
  });
}
