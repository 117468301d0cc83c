import { z } from 'zod';
import type { LeaseRef, Source } from '../connectors/port.ts';
import type { Entity } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { ChunkResult } from '../model/run.ts';
import { literal } from '../model/sql.ts';
import { openBlob, putBlob } from '../staging/blobs.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import { writeManifest, type StagedFile } from '../staging/manifest.ts';
import { parquetKeys, relationOf, verifiedFile, writeRows } from '../staging/rows.ts';
import { inLanes, Lanes } from './batches.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { readyRelation } from './load-rows.ts';
import { Loader } from './loader.ts';
import { entityOf, restrictedKey, targetOf } from './parts.ts';
import { hasArrived } from './receipts.ts';
import { inputsOf, manifestOf, manifestsOf } from './transform.ts';
import { moveAll, Upload } from './uploads.ts';

/** Where the bytes of each row of a chunk lie in staging. */
const blobColumns = {
  _source: 'VARCHAR',
  path: 'VARCHAR',
  bytes: 'BIGINT',
  sha256: 'VARCHAR',
  key: 'VARCHAR',
} as const;

const movedColumns = {
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

function unsupported(entity: string): LandfallError {
  return new LandfallError({
    code: 'attachments.unsupported',
    kind: 'permanent',
    what: 'The source or the target cannot move attachments.',
    where: { entity },
    hint: 'Leave `attachments` out of the entity, or use connectors that have the capability.',
  });
}

/**
 * Reads the bytes that belong to a chunk's rows into staging, in the snapshot that the rows were read in.
 *
 * @param rows the chunk's staged rows
 */
export async function stageAttachments(
  staging: Staging,
  source: Source,
  entity: Entity,
  of: { chunk: number; rows: StagedFile; lease: LeaseRef | undefined },
  beat: Beat,
): Promise<StagedFile | null> {
  const { attachments } = entity;
  if (!attachments) return null;
  if (!source.openAttachment) throw unsupported(entity.name);
  const open = source.openAttachment.bind(source);
  const local = await verifiedFile(staging, of.rows);
  const keys = await parquetKeys(staging, [of.rows.key]);
  const job = { purpose: `attachments ${entity.name}`, keys, signal: beat.signal };
  const rows = await withOwnSql(staging, job, (duck) =>
    duck.all(
      `SELECT _key FROM ${relationOf([{ local, key: of.rows.key }])} ORDER BY _key`,
      z.object({ _key: z.string() }),
    ),
  );
  const request = { object: entity.from.object, key: entity.from.key, column: attachments.content };
  const limit = attachments.maxBytes === undefined ? {} : { maxBytes: attachments.maxBytes };
  const found: Record<string, string | number>[] = [];
  await inLanes(rows, Lanes, async ({ _key }) => {
    const stream = await open(request, keyValues(_key, entity.from.key.length), of.lease);
    beat.beat(found.length);
    if (stream === null) return;
    found.push({ _source: _key, ...(await putBlob(staging, stream, { ...limit, signal: beat.signal })) });
  });
  return withOwnSql(staging, job, async (duck) => {
    await duck.createTable('blobs', blobColumns);
    await duck.insert('blobs', blobColumns, found);
    const at = { entity: entity.name, step: 'extract', chunk: of.chunk };
    return writeRows(staging, duck, at, 'SELECT * FROM blobs ORDER BY _source', { role: 'blobs', key: 'rows' });
  });
}

/** Moves the bytes of a chunk's rows from staging into the target, and reads them back to compare size and digest. */
export async function moveAttachments(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const target = await deps.target(plan.target.name);
  const { attachments } = entity;
  if (!attachments || !target.putAttachment || !target.openAttachment) throw unsupported(entity.name);
  const at = { entity: entity.name, chunk: task.chunk };
  const manifest = await manifestOf(staging, { ...at, step: 'transform' }, task.ledgers.transform);
  const loaded = await manifestOf(staging, { ...at, step: 'load' }, task.ledgers.load);
  const extracted = await manifestsOf(staging, entity.name, 'extract', task.ledgers.extract ?? '');
  const ready = await readyRelation(staging, entity, entity, manifest);
  const receipts = await inputsOf(staging, [loaded], 'receipts');
  // Unless rows were regrouped, a chunk's bytes were staged with the chunk of the same number.
  const sources = entity.keyedBy ? extracted : extracted.filter((one) => one.chunk === task.chunk);
  const blobs = await inputsOf(staging, sources, 'blobs');
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const loader = new Loader(staging, target, deps.gate(plan.target.name, plan.options), beat, task);
  await loader.takeLease();
  // An upload begins by clearing what is there: an older attempt's must not do so after this one's was read back.
  await loader.settle();
  const put = target.putAttachment.bind(target);
  const open = target.openAttachment.bind(target);

  return withOwnSql(
    staging,
    {
      purpose: `attachments ${entity.name}`,

      keys,
      signal: beat.signal,
    },
    async (job) => {
      const uploads = await job.all(
        `SELECT q._key, r.target, q._file_name AS name, b.path, b.bytes, b.sha256, b.key
         FROM (SELECT _key, _file_name, unnest(_sources) AS _source, generate_subscripts(_sources, 1) AS n
           FROM ${ready}) q
         JOIN ${relationOf(receipts)} r ON r._key = q._key AND r.part = ${literal(entity.name)} AND r.target IS NOT NULL
         JOIN ${relationOf(blobs)} b ON b._source = q._source
         WHERE ${hasArrived('r')} ORDER BY q._key, q.n`,
        Upload,
      );
      const done = await moveAll(
        loader,
        uploads,
        async ({ target: targetKey, name, ...blob }, call) => {
          const content = (): AsyncIterable<Uint8Array> => ({
            async *[Symbol.asyncIterator]() {
              yield* await openBlob(staging, blob);
            },
          });
          const file = { name: name ?? 'attachment', bytes: blob.bytes, content };
          await put(targetOf(entity), targetKey, attachments.property, file, call);
          return open(targetOf(entity), targetKey, attachments.property, call);
        },
        beat.beat,
      );
      await job.createTable('moved', movedColumns);
      await job.insert('moved', movedColumns, done);
      const of = { entity: entity.name, step: 'attachments', chunk: task.chunk };
      const file = await writeRows(staging, job, of, 'SELECT * FROM moved ORDER BY _key', {
        role: 'attachments',
        key: 'rows',
      });
      const counts = {
        [entity.name]: {
          attachments: done.length,
          attachmentBytes: done.reduce((sum, row) => sum + row.bytes, 0),
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
        position: manifest.position,
      });
      return { chunk: task.chunk, manifest: digested, counts };
    },
  );
}
