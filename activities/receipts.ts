import { z } from 'zod';
import type { RowOutcome } from '../connectors/port.ts';
import { noCounts, type ChunkResult, type Counts, type CountsByPart } from '../model/run.ts';
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

function countReceipts(receipts: readonly Receipt[]): CountsByPart {
  const counts: Record<string, Counts> = {};
  for (const one of receipts) {
    const part = (counts[one.part] ??= noCounts());
    part[one.pending ? 'pending' : one.outcome] += 1;
    if (one.dropped !== '') part.droppedReferences += one.dropped.split(',').length;
  }
  return counts;
}

/** Seals a chunk's receipts into one file, sorted by key. */
export async function writeReceipts(
  job: DuckJob,
  staging: Staging,
  task: ChunkTask,
  receipts: readonly Receipt[],
): Promise<ChunkResult> {
  await job.createTable('receipts', receiptColumns);
  for (let i = 0; i < receipts.length; i += 5000)
    await job.insert('receipts', receiptColumns, receipts.slice(i, i + 5000));
  const file = await writeRows(
    staging,
    job,
    { entity: task.entity, step: task.step, chunk: task.chunk },
    'SELECT * FROM receipts ORDER BY part, _key',
    { role: 'receipts', key: 'rows' },
  );
  const counts = countReceipts(receipts);
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
