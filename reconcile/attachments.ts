import { z } from 'zod';
import type { AttachmentDifference, AttachmentsReport } from '../model/report.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';

const Totals = z.object({ moved: z.coerce.number(), bytes: z.coerce.number(), differing: z.coerce.number() });

const bytes = z.coerce.number().nullable();
const Listed = z.object({
  key: z.string(),
  bytes,
  actualBytes: bytes,
  sha256: z.string().nullable(),
  actualSha256: z.string().nullable(),
});

/**
 * Compares attachments by size and SHA-256, as they were sent and as they were read back. One that was not read back
 * differs.
 *
 * @param relation with `_key`, `bytes`, `sha256`, `actual_bytes` (negative or NULL: not there) and `actual_sha256`
 * @param options.list how many differences to list
 * @param options.due rows that have an attachment in the source, where they were counted
 */
export async function compareAttachments(
  job: DuckJob,
  relation: string,
  options: { list: number; due?: number },
): Promise<AttachmentsReport> {
  const differ = '(bytes IS DISTINCT FROM actual_bytes OR sha256 IS DISTINCT FROM actual_sha256 OR sha256 IS NULL)';
  const totals = await job.one(
    `SELECT count(*) AS moved, CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes, count(*) FILTER (${differ}) AS differing
     FROM ${relation}`,
    Totals,
  );
  const differences: AttachmentDifference[] = await job.all(
    `SELECT _key AS key, bytes, CASE WHEN actual_bytes >= 0 THEN actual_bytes END AS "actualBytes", sha256,
       CASE WHEN actual_sha256 <> '' THEN actual_sha256 END AS "actualSha256"
     FROM ${relation} WHERE ${differ} ORDER BY _key LIMIT ${options.list}`,
    Listed,
  );
  return { ...totals, ...(options.due === undefined ? {} : { due: options.due }), differences };
}
