import type { StagedList } from '../model/report.ts';
import { literal } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { StagedFile } from '../staging/manifest.ts';
import { writeNamedRows } from '../staging/rows.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';

/**
 * Stages what the last comparison in this job found, complete: `differences` (`id`, `key`, `field`, `meant`, `found`),
 * `missing`, `unexpected` and `duplicates` (`key`). Values of restricted fields lie in a file and under a key of their
 * own, joined by `id`. A list that is empty is not written.
 *
 * @param of.restricted fields whose values go under `of.restrictedKey`, which the job must have been given
 * @returns the lists as the report names them: by the digest of their rows, which repeats, as that of a file does not
 */
export async function stageFindings(
  staging: Staging,
  job: DuckJob,
  of: { entity: string; part: string; restricted: readonly string[]; restrictedKey: string },
): Promise<StagedList[]> {
  const secret = `field IN (${['NULL', ...of.restricted.map(literal)].join(', ')})`;
  const hidden = (column: string): string => `CASE WHEN ${secret} THEN NULL ELSE ${column} END AS ${column}`;
  const judged = (...categories: string[]): string =>
    `SELECT _key AS key FROM judged WHERE category IN (${categories.map(literal).join(', ')}) ORDER BY key`;
  const lists: [role: string, key: string, query: string][] = [
    [
      'differences',
      'rows',
      `SELECT id, key, field, ${hidden('meant')}, ${hidden('found')} FROM difference ORDER BY id`,
    ],
    ['differences-restricted', of.restrictedKey, `SELECT id, meant, found FROM difference WHERE ${secret} ORDER BY id`],
    ['missing', 'rows', judged('missing')],
    ['unexpected', 'rows', judged('unexpected', 'unexpected twice')],
    ['duplicates', 'rows', judged('duplicate', 'unexpected twice')],
  ];
  const written: StagedList[] = [];
  for (const [name, key, query] of lists) {
    if (!(await hasRows(job, query))) continue;
    const role = `${of.part}.${name}`;
    const file = await writeNamedRows(staging, job, { entity: of.entity, step: 'reconcile', chunk: 0 }, query, {
      role,
      key,
    });
    await putSealed(staging, pathOf(staging.run, file), file);
    written.push({ role, rows: file.rows, content: file.content });
  }
  return written;
}

async function hasRows(job: DuckJob, query: string): Promise<boolean> {
  for await (const rows of job.stream(`SELECT 1 FROM (${query}) LIMIT 1`)) if (rows.length > 0) return true;
  return false;
}

function pathOf(run: string, list: { role: string; content: string }): string {
  return `runs/${run}/findings/${list.role}-${list.content.slice(0, 32)}.json`;
}

/**
 * The staged file of a list that a report names.
 *
 * @throws LandfallError `staging.gone` when this staging does not hold it
 */
export async function findingsFile(staging: Staging, list: StagedList): Promise<StagedFile> {
  return getSealed(staging, pathOf(staging.run, list), StagedFile);
}
