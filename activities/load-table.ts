import type { Part } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import { identifier, literal } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { lineColumns, lineOf, type TextColumn } from './lines.ts';
import { documentColumns, fateOf, referencesIn, type Reference } from './load-rows.ts';

/** A part of the chunk that is loaded, with its references that are known already. */
export interface LoadedPart {
  part: Part;
  references: readonly Reference[];
  /** What is sent of a row, as texts. */
  columns: readonly TextColumn[];
  /** Its rows, their references resolved. */
  relation: string;
}

export function loadedPart(
  plan: Plan,
  part: Part,
  relationOf: (references: readonly Reference[]) => string,
): LoadedPart {
  const references = referencesIn(plan, part, false);
  return { part, references, columns: lineColumns(part, references), relation: relationOf(references) };
}

/** The name of the table that holds a part's rows as they are sent, and what becomes of each. */
export function tableOf(part: Part): string {
  return identifier(`load:${part.name}`);
}

/**
 * Makes the table of a part's rows. Beside what they are sent as it has the `document` that a row is of, a digest of all
 * that is `sent`, and the row's fate: `blocked`, `dropped`, `pending`.
 */
export async function makeTable(job: DuckJob, plan: Plan, of: LoadedPart, as: 'documents' | 'lines'): Promise<void> {
  const { part, references, columns, relation } = of;
  const { blocked, dropped, pending } = fateOf(references, referencesIn(plan, part, true));
  const document = 'headerKey' in part ? 'CAST(_header AS VARCHAR)' : '_key';
  const line = lineOf(columns);
  const own = as === 'lines' ? ['_key', `${line} AS line`] : documentColumns(part, references);
  const known = [
    `${document} AS document`,
    `left(sha256(coalesce(${document}, '') || chr(10) || ${line}), 32) AS sent`,
    `${blocked} AS blocked`,
    `${dropped} AS dropped`,
    `(${pending}) AS pending`,
  ];
  await job.run(
    `CREATE OR REPLACE TABLE ${tableOf(part)} AS SELECT ${[...own, ...known].join(', ')} FROM (${relation})`,
  );
}

/** What is known of the rows of several parts, in SQL. */
export function knownOf(parts: readonly LoadedPart[]): string {
  const of = parts.map(
    ({ part }) => `SELECT ${literal(part.name)} AS part, _key, document, sent, dropped, pending FROM ${tableOf(part)}`,
  );
  return `(${of.join(' UNION ALL ')})`;
}
