import { z } from 'zod';
import type { RowOutcome } from '../connectors/port.ts';
import { addCounts, noCounts, type ChunkResult, type CountsByPart } from '../model/run.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { writeManifest } from '../staging/manifest.ts';
import { writeRows } from '../staging/rows.ts';
import type { ChunkTask } from './contract.ts';

/** What the target said about one row, as it is kept. */
export const Receipt = z.strictObject({
  part: z.string(),
  _key: z.string(),
  outcome: z.enum(['created', 'updated', 'unchanged', 'refused', 'blocked', 'uncertain']),
  target: z.string().nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  /** Whether references of the row wait for a later pass. */
  pending: z.boolean(),
  /** Fields whose reference was left empty, by the blueprint's own rule. */
  dropped: z.string(),
  /** A digest of what was sent: in a replay, a row that would be sent the same again is not. */
  sent: z.string(),
});
export type Receipt = z.infer<typeof Receipt>;

export const receiptColumns = {
  part: 'VARCHAR',
  _key: 'VARCHAR',
  outcome: 'VARCHAR',
  target: 'VARCHAR',
  code: 'VARCHAR',
  message: 'VARCHAR',
  pending: 'BOOLEAN',
  dropped: 'VARCHAR',
  sent: 'VARCHAR',
} as const;

/** Whether the target has the row of a receipt as it was last sent, in SQL. */
export function hasArrived(alias: string): string {
  return `${alias}.outcome IN ('created', 'updated', 'unchanged')`;
}

export function receipt(part: string, key: string, fields: Partial<Receipt>): Receipt {
  const nothing = { target: null, code: null, message: null, pending: false, dropped: '', sent: '' };
  return { part, _key: key, outcome: 'uncertain', ...nothing, ...fields };
}

export function receiptOf(part: string, outcome: RowOutcome): Receipt {
  switch (outcome.outcome) {
    case 'refused':
      return receipt(part, outcome.legacyKey, { outcome: 'refused', code: outcome.code, message: outcome.message });
    case 'uncertain':
      return receipt(part, outcome.legacyKey, { outcome: 'uncertain', code: outcome.reason.slice(0, 200) });
    default:
      return receipt(part, outcome.legacyKey, { outcome: outcome.outcome, target: outcome.targetKey });
  }
}

/** Whether the target has the row as it was last sent. */
export function arrived(receipt: Receipt): boolean {
  return receipt.outcome === 'created' || receipt.outcome === 'updated' || receipt.outcome === 'unchanged';
}

const Counted = z.object({
  part: z.string(),
  outcome: z.string(),
  n: z.coerce.number(),
  dropped: z.coerce.number(),
});

/** Makes the table that a chunk's receipts are gathered in, in whatever order they come. */
export async function openReceipts(job: DuckJob): Promise<void> {
  await job.createTable('receipts', receiptColumns);
}

export async function addReceipts(job: DuckJob, receipts: readonly Receipt[]): Promise<void> {
  await job.insert('receipts', receiptColumns, receipts);
}

/** Seals a chunk's receipts into one file, sorted by key. */
export async function sealReceipts(job: DuckJob, staging: Staging, task: ChunkTask): Promise<ChunkResult> {
  const file = await writeRows(
    staging,
    job,
    { entity: task.entity, step: task.step, chunk: task.chunk },
    'SELECT * FROM receipts ORDER BY part, _key',
    { role: 'receipts', key: 'rows' },
  );
  const counts: CountsByPart = {};
  const counted = await job.all(
    `SELECT part, CASE WHEN pending THEN 'pending' ELSE outcome END AS outcome, count(*) AS n,
       coalesce(sum(len(string_split(dropped, ','))) FILTER (dropped <> ''), 0) AS dropped
     FROM receipts GROUP BY ALL`,
    Counted,
  );
  for (const { part, outcome, n, dropped } of counted) {
    counts[part] = addCounts(counts[part] ?? noCounts(), { [outcome]: n, droppedReferences: dropped });
  }
  const manifest = await writeManifest(staging, {
    version: 1,
    run: task.run,
    plan: task.plan,
    entity: task.entity,
    step: task.step,
    chunk: task.chunk,
    files: [file],
    counts,
    position: null,
  });
  return { chunk: task.chunk, manifest, counts };
}
