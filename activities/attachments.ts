import { createHash } from 'node:crypto';
import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { literal } from '../model/sql.ts';
import type { ChunkResult } from '../model/run.ts';
import { openBlob, putBlob } from '../staging/blobs.ts';
import { withDuckJob } from '../staging/duckdb/job.ts';
import { writeManifest } from '../staging/manifest.ts';
import { parquetKeys, relationOf, writeRows } from '../staging/rows.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { leaseOf } from './lease.ts';
import { readyRelation } from './load.ts';
import { entityOf, restrictedKey, targetOf } from './parts.ts';
import { inputsOf, manifestOf } from './transform.ts';

const Row = z.object({
  _key: z.string(),
  source: z.string(),
  target: z.string(),
  name: z.string().nullable(),
});

export const attachmentColumns = {
  _key: 'VARCHAR',
  bytes: 'BIGINT',
  sha256: 'VARCHAR',
  actual_bytes: 'BIGINT',
  actual_sha256: 'VARCHAR',
} as const;

/** The values of a key as `rowKey` wrote them. */
function keyValues(text: string, columns: number): string[] {
  return columns === 1 ? [text] : z.array(z.string()).parse(JSON.parse(text));
}

async function digest(stream: AsyncIterable<Uint8Array>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of stream) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Rows of one chunk whose bytes are on their way at the same time. */
const Lanes = 4;

/**
 * Moves the bytes that belong to a chunk's rows: from the source into staging, from there into the target, and reads
 * them back from the target to compare size and digest.
 */
export async function moveAttachments(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const source = await deps.source(plan.source.name);
  const target = await deps.target(plan.target.name);
  const lease = await leaseOf(deps, task.run, task.lease);
  const { attachments } = entity;
  if (!attachments || !source.openAttachment || !target.putAttachment || !target.openAttachment) {
    throw new LandfallError({
      code: 'attachments.unsupported',
      kind: 'permanent',
      what: 'The source or the target cannot move attachments.',
      where: { entity: entity.name },
      hint: 'Leave `attachments` out of the entity, or use connectors that have the capability.',
    });
  }
  const at = { entity: entity.name, chunk: task.chunk };
  const manifest = await manifestOf(staging, { ...at, step: 'transform' }, task.ledgers.transform);
  const loaded = await manifestOf(staging, { ...at, step: 'load' }, task.ledgers.load);
  const ready = await readyRelation(staging, entity, entity, manifest);
  const receipts = await inputsOf(staging, [loaded], 'receipts');
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const reads = [...ready.files, ...receipts.map((input) => input.local)];
  const call = { gate: deps.gate(plan.target.name, plan.options), signal: beat.signal };
  const request = { object: entity.from.object, key: entity.from.key, column: attachments.content };
  const { openAttachment } = source;
  const put = target.putAttachment.bind(target);
  const open = target.openAttachment.bind(target);

  return withDuckJob(
    staging.budget,
    { purpose: `attachments ${entity.name}`, scratch: staging.scratch, keys, reads, signal: beat.signal },
    async (job) => {
      const rows = await job.all(
        `SELECT q._key, q._sources[1] AS source, r.target, q._file_name AS name FROM ${ready.relation} q
         JOIN ${relationOf(receipts)} r ON r._key = q._key AND r.part = ${literal(entity.name)} AND r.target IS NOT NULL
         WHERE r.outcome IN ('created', 'updated', 'unchanged') ORDER BY q._key`,
        Row,
      );
      const done: Record<string, string | number>[] = [];
      const one = async (row: z.infer<typeof Row>): Promise<void> => {
        const stream = await openAttachment(request, keyValues(row.source, entity.from.key.length), lease);
        beat.beat(done.length);
        if (stream === null) return;
        const limit = attachments.maxBytes === undefined ? {} : { maxBytes: attachments.maxBytes };
        const blob = await putBlob(staging, stream, { ...limit, signal: beat.signal });
        await put(
          targetOf(entity),
          row.target,
          attachments.property,
          {
            name: row.name ?? 'attachment',
            bytes: blob.bytes,
            content: () => ({
              async *[Symbol.asyncIterator]() {
                yield* await openBlob(staging, blob);
              },
            }),
          },
          call,
        );
        const back = await open(targetOf(entity), row.target, attachments.property, call);
        const actual = back === null ? { bytes: -1, sha256: '' } : await digest(back);
        done.push({
          _key: row._key,
          bytes: blob.bytes,
          sha256: blob.sha256,
          actual_bytes: actual.bytes,
          actual_sha256: actual.sha256,
        });
        beat.beat(done.length);
      };
      const queue = rows[Symbol.iterator]();
      await Promise.all(
        Array.from({ length: Lanes }, async () => {
          for (const row of queue) await one(row);
        }),
      );
      await job.createTable('moved', attachmentColumns);
      await job.insert('moved', attachmentColumns, done);
      const of = { entity: entity.name, step: 'attachments', chunk: task.chunk };
      const file = await writeRows(staging, job, of, 'SELECT * FROM moved ORDER BY _key', {
        role: 'attachments',
        key: 'rows',
      });
      const counts = {
        [entity.name]: {
          attachments: done.length,
          attachmentBytes: done.reduce((sum, row) => sum + Number(row['bytes']), 0),
        },
      };
      const digested = await writeManifest(staging, {
        version: 1,
        run: task.run,
        plan: task.plan,
        entity: entity.name,
        step: 'attachments',
        chunk: task.chunk,
        files: [file],
        counts,
        position: lease?.position ?? null,
      });
      return { chunk: task.chunk, manifest: digested, counts };
    },
  );
}
