import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { digestOf, getSealed, putSealed } from './sealed.ts';
import type { Staging } from './index.ts';

/** One decision, explanation, override or sign-off. Record n holds the digest of record n−1. */
export const EvidenceRecord = z.strictObject({
  version: z.literal(1),
  number: z.int().min(0),
  previous: z.string().nullable(),
  kind: z.string(),
  at: z.string(),
  by: z.string(),
  body: z.json(),
});
export type EvidenceRecord = z.infer<typeof EvidenceRecord>;

function pathOf(run: string, number: number): string {
  return `runs/${run}/evidence/${String(number).padStart(12, '0')}.json`;
}

function digestOfRecord(record: EvidenceRecord): string {
  return digestOf(JSON.stringify(record));
}

/**
 * Reads the whole log and proves its chain.
 *
 * @throws LandfallError `evidence.broken` naming the first record that does not fit
 */
export async function readEvidence(staging: Staging): Promise<EvidenceRecord[]> {
  const paths: string[] = [];
  for await (const { path } of staging.store.list(`runs/${staging.run}/evidence/`)) paths.push(path);
  const records: EvidenceRecord[] = [];
  for (const [number, path] of paths.sort().entries()) {
    const record = await getSealed(staging, pathOf(staging.run, number), EvidenceRecord).catch((error: unknown) => {
      throw breaksTheChain(error) ? brokenAt(staging.run, number, path, error) : error;
    });
    const last = records.at(-1);
    if (record.number !== number || record.previous !== (last ? digestOfRecord(last) : null)) {
      throw brokenAt(staging.run, number, path);
    }
    records.push(record);
  }
  return records;
}

/** A wrong master key or a disk that is full says nothing about the evidence. */
function breaksTheChain(error: unknown): boolean {
  return error instanceof LandfallError && (error.code === 'staging.gone' || error.code === 'staging.altered');
}

function brokenAt(run: string, number: number, path: string, cause?: unknown): LandfallError {
  return new LandfallError({
    code: 'evidence.broken',
    kind: 'permanent',
    what: `The evidence is broken at record ${number}: it is missing, altered, or does not follow the one before.`,
    where: { run, path },
    hint: 'Restore the evidence folder from a backup. Until then nothing that was signed in this run counts.',
    cause,
  });
}

/**
 * Appends a record; it is durable when this returns. Writers side by side queue up behind one another.
 *
 * @param admit looks at the log as it is and may throw to refuse; called again after every lost race
 */
export async function appendEvidence(
  staging: Staging,
  record: Pick<EvidenceRecord, 'kind' | 'by' | 'body'> & { at: string },
  admit: (log: readonly EvidenceRecord[]) => void = () => {},
): Promise<EvidenceRecord> {
  for (;;) {
    const log = await readEvidence(staging);
    admit(log);
    const last = log.at(-1);
    const next: EvidenceRecord = {
      version: 1,
      number: log.length,
      previous: last ? digestOfRecord(last) : null,
      kind: record.kind,
      at: record.at,
      by: record.by,
      body: record.body,
    };
    const { outcome } = await putSealed(staging, pathOf(staging.run, next.number), next);
    if (outcome === 'created') return next;
  }
}
