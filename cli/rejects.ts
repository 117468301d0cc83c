import { z } from 'zod';
import { readLedger } from '../activities/documents.ts';
import { roleOf } from '../activities/parts.ts';
import { partsOf } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import { identifier, literal } from '../model/sql.ts';
import { withDuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { fileOf, readManifest } from '../staging/manifest.ts';
import { parquetKeys, relationOf, verifiedFile } from '../staging/rows.ts';

const Reject = z.object({
  entity: z.string(),
  key: z.string(),
  rule: z.string(),
  field: z.string(),
  value: z.string().nullable(),
});
export type Reject = z.infer<typeof Reject>;

/**
 * The rows that a run holds back, with the rule and the value that held them; personal and restricted values are masked
 * unless asked for.
 *
 * @param ledgers transform ledger of each entity
 */
export async function readRejects(
  staging: Staging,
  plan: Plan,
  ledgers: Readonly<Record<string, string>>,
  options: { reveal: boolean },
): Promise<Reject[]> {
  const found: Reject[] = [];
  for (const entity of plan.blueprint.entities) {
    const ledger = ledgers[entity.name];
    if (ledger === undefined) continue;
    const entries = await readLedger(staging, { entity: entity.name, step: 'transform' }, ledger);
    for (const part of partsOf(entity)) {
      const files: { local: string; key: string }[] = [];
      for (const [chunk, digest] of entries) {
        const manifest = await readManifest(staging, { entity: entity.name, step: 'transform', chunk, digest });
        const file = fileOf(manifest, roleOf(entity, part, 'rejects'));
        if (file && file.rows > 0) files.push({ local: await verifiedFile(staging, file), key: file.key });
      }
      if (files.length === 0) continue;
      const classes = plan.parts[part.name]?.classes ?? {};
      const masked = Object.keys(classes).filter(
        (field) => classes[field] === 'personal' || classes[field] === 'restricted',
      );
      const hide = options.reveal || masked.length === 0 ? 'false' : `field IN (${masked.map(literal).join(', ')})`;
      const keys = await parquetKeys(
        staging,
        files.map((file) => file.key),
      );
      const reads = files.map((file) => file.local);
      found.push(
        ...(await withDuckJob(
          staging.budget,
          { purpose: 'read rejects', scratch: staging.scratch, keys, reads },
          (job) =>
            job.all(
              `SELECT ${literal(part.name)} AS entity, _source AS key, rule, field,
               CASE WHEN ${hide} AND value IS NOT NULL THEN '•••' ELSE value END AS ${identifier('value')}
             FROM ${relationOf(files)} ORDER BY key, rule, field`,
              Reject,
            ),
        )),
      );
    }
  }
  return found;
}

/** RFC 4180, with cells that a spreadsheet would run as a formula defused by an apostrophe. */
export function csvOf(rejects: readonly Reject[]): string {
  const cell = (value: string | null): string => {
    const text = value ?? '';
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = rejects.map((one) => [one.entity, one.key, one.rule, one.field, one.value].map(cell).join(','));
  return `${['entity,key,rule,field,value', ...lines].join('\r\n')}\r\n`;
}
