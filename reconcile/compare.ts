import { z } from 'zod';
import type { Difference } from '../model/report.ts';
import { identifier, literal } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';

/** What comparing a part's rows with what was read back amounts to. */
export interface Comparison {
  readBack: number;
  equal: number;
  differing: number;
  missing: number;
  unexpected: number;
  duplicates: number;
  differences: Difference[];
  differencesTotal: number;
  missingKeys: string[];
  unexpectedKeys: string[];
}

const Count = z.object({ n: z.coerce.number() });
const Key = z.object({ _key: z.string() });
const DifferenceRow = z.object({
  key: z.string(),
  field: z.string(),
  meant: z.string().nullable(),
  found: z.string().nullable(),
});

/**
 * Compares, field by field and exactly, what was meant with what the target holds. NULL equals NULL alone, texts compare
 * code point by code point, instants as instants. Only rows that differ are taken apart into fields.
 *
 * @param of.meant relation with `_key` and the fields; rows whose write was confirmed
 * @param of.actual relation with `_key`, `_target` and the same fields
 * @param of.masked fields whose values the report may not show
 * @param of.list how many differences, missing and unexpected keys to list
 */
export async function compareRows(
  job: DuckJob,
  of: { meant: string; actual: string; fields: readonly string[]; masked: ReadonlySet<string>; list: number },
): Promise<Comparison> {
  const count = async (sql: string): Promise<number> => (await job.one(`SELECT count(*) AS n FROM ${sql}`, Count)).n;
  const keys = async (sql: string): Promise<string[]> =>
    (await job.all(`SELECT _key FROM ${sql} ORDER BY _key LIMIT ${of.list}`, Key)).map((row) => row._key);
  const same = (field: string): string => `m.${identifier(field)} IS NOT DISTINCT FROM a.${identifier(field)}`;

  await job.run(`CREATE OR REPLACE TABLE meant AS SELECT * FROM ${of.meant}`);
  await job.run(`CREATE OR REPLACE TABLE found AS SELECT * FROM ${of.actual}`);
  await job.run(`CREATE OR REPLACE TABLE differing AS
    SELECT m._key FROM meant m JOIN found a ON a._key = m._key
    WHERE NOT (${['true', ...of.fields.map(same)].join(' AND ')})`);
  const missing = '(SELECT m._key FROM meant m ANTI JOIN found a ON a._key = m._key)';
  const unexpected = '(SELECT a._key FROM found a ANTI JOIN meant m ON m._key = a._key)';
  const duplicates = '(SELECT _key FROM found GROUP BY _key HAVING count(*) > 1)';

  const each = of.fields.map((field) => {
    const hide = of.masked.has(field);
    const shown = (column: string): string =>
      hide ? `CASE WHEN ${column} IS NULL THEN NULL ELSE '•••' END` : `CAST(${column} AS VARCHAR)`;
    return `SELECT m._key AS key, ${literal(field)} AS field, ${shown(`m.${identifier(field)}`)} AS meant,
      ${shown(`a.${identifier(field)}`)} AS found FROM meant m JOIN found a ON a._key = m._key
      WHERE m._key IN (SELECT _key FROM differing) AND NOT (${same(field)})`;
  });
  await job.run(
    each.length === 0
      ? `CREATE OR REPLACE TABLE difference (key VARCHAR, field VARCHAR, meant VARCHAR, found VARCHAR)`
      : `CREATE OR REPLACE TABLE difference AS ${each.join(' UNION ALL ')}`,
  );
  const meantRows = await count('meant');
  const differing = await count('(SELECT DISTINCT _key FROM differing)');
  const missingRows = await count(missing);
  return {
    readBack: await count('found'),
    equal: meantRows - differing - missingRows,
    differing,
    missing: missingRows,
    unexpected: await count(unexpected),
    duplicates: await count(duplicates),
    differences: await job.all(`SELECT * FROM difference ORDER BY key, field LIMIT ${of.list}`, DifferenceRow),
    differencesTotal: await count('difference'),
    missingKeys: await keys(missing),
    unexpectedKeys: await keys(unexpected),
  };
}
