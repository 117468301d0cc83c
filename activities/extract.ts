import type { ChunkBounds, LeaseRef, ReadRequest, Source } from '../connectors/port.ts';
import { rowKey } from '../mapping/keys.ts';
import type { Entity, Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { ChunkResult, CountsByPart } from '../model/run.ts';
import { identifier } from '../model/sql.ts';
import { withDuckJob, type DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { fileOf, readManifest, writeManifest, type Manifest, type StagedFile } from '../staging/manifest.ts';
import { parquetKeys, writeRows } from '../staging/rows.ts';
import { stageAttachments } from './attachments.ts';
import type { ChunkPlanned, ChunkTask, EntityRef } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { FrozenEpoch, loadPlan, putChunkPlan, readChunkPlan, readLease, readLedger } from './documents.ts';
import { throughRead, withReader } from './duck-read.ts';
import { explainReadFailure, leaseOf } from './lease.ts';
import { entityOf, isRestrictedColumn, partsOf, plannedPart, restrictedKey, roleOf, stagedColumns } from './parts.ts';
import { explainByStructure, proveRead } from './same-source.ts';

/** What is read of a part. Lines are cut by their header's key, so that documents stay whole. */
export function readRequest(plan: Plan, part: Part): ReadRequest {
  const lines = 'headerKey' in part ? part : null;
  return {
    object: part.from.object,
    key: lines ? lines.headerKey : part.from.key,
    columns: stagedColumns(plan, part).map(({ castReason, large: _large, ...column }) => ({
      ...column,
      ...(castReason === undefined ? {} : { castReason }),
    })),
    ...(part.from.where === undefined ? {} : { where: part.from.where }),
  };
}

/** Cuts an entity into chunks by its own key. */
export async function planChunks(
  deps: Dependencies,
  of: EntityRef & { lease: number | null },
  beat: Beat,
): Promise<ChunkPlanned> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const entity = entityOf(plan, of.entity);
  const source = await deps.source(plan.source.name);
  const lease = await leaseOf(deps, of.run, of.lease);
  const chunks: ChunkBounds[] = [];
  try {
    const rows = entity.chunkRows ?? plan.options.chunkRows;
    for await (const bounds of source.planChunks(readRequest(plan, entity), rows, lease)) {
      chunks.push(bounds);
      beat.beat(chunks.length);
    }
  } catch (error) {
    throw await explainReadFailure(source, lease, of.lease, await explainByStructure(source, plan, entity, error));
  }
  const chunkPlan = await putChunkPlan(staging, entity.name, { chunks });
  const rowsDue = partsOf(entity).reduce((sum, part) => sum + plannedPart(plan, part.name).estimatedRows, 0);
  return { chunkPlan, chunks: chunks.length, rowsDue };
}

function shortfall(part: string, chunk: number, staged: number, said: number): LandfallError {
  return new LandfallError({
    code: 'extract.row-count',
    kind: 'transient',
    what: `The chunk that was staged holds ${staged} rows, but the source says that it has ${said}.`,
    where: { entity: part, chunk },
    hint: 'It is read again. If it goes on, the source changes while it is read: use snapshot or frozen consistency.',
  });
}

async function extractPart(
  staging: Staging,
  source: Source,
  plan: Plan,
  entity: Entity,
  part: Part,
  at: { task: ChunkTask; bounds: ChunkBounds; lease: LeaseRef | undefined; signal: AbortSignal },
): Promise<{ files: StagedFile[]; rows: number }> {
  const request = readRequest(plan, part);
  const read = await source.readChunk(request, at.bounds, at.lease);
  const restricted = request.columns.filter((column) => isRestrictedColumn(part, column.name));
  const keys = await parquetKeys(staging, ['rows', ...(restricted.length > 0 ? [restrictedKey(entity)] : [])]);
  const of = { entity: entity.name, step: 'extract', chunk: at.task.chunk };

  const work = async (job: DuckJob, relation: string): Promise<{ files: StagedFile[]; rows: number }> => {
    const key = rowKey(part.from.key);
    if (restricted.length > 0) await job.run(`CREATE TEMP TABLE chunk AS SELECT * FROM (${relation})`);
    const from = restricted.length > 0 ? 'chunk' : `(${relation})`;
    const secret = restricted.map((column) => identifier(column.name)).join(', ');
    const rows = await writeRows(
      staging,
      job,
      of,
      `SELECT ${key} AS _key, * ${secret === '' ? '' : `EXCLUDE (${secret})`} FROM ${from}`,
      { role: roleOf(entity, part, 'rows'), key: 'rows' },
    );
    if (secret === '') return { files: [rows], rows: rows.rows };
    const side = await writeRows(staging, job, of, `SELECT ${key} AS _key, ${secret} FROM ${from}`, {
      role: roleOf(entity, part, 'restricted'),
      key: restrictedKey(entity),
    });
    return { files: [rows, side], rows: rows.rows };
  };

  const options = { purpose: `extract ${part.name}`, keys, signal: at.signal };
  if (read.via === 'duckdb') {
    return withReader(staging, read, options, (job) => throughRead(job, read, (select) => work(job, select)));
  }
  return withDuckJob(staging.budget, { ...options, scratch: staging.scratch, mapping: false }, async (job) => {
    const columns = Object.fromEntries(request.columns.map((column) => [column.name, column.stagedType]));
    await job.createTable('incoming', columns);
    for await (const batch of read.batches) await job.insert('incoming', columns, batch);
    return work(job, 'SELECT * FROM incoming');
  });
}

/** A chunk of an earlier snapshot that would read the same now is kept: only its manifest is written anew. */
async function keepIfStanding(
  staging: Staging,
  source: Source,
  plan: Plan,
  entity: Entity,
  task: ChunkTask,
  bounds: ChunkBounds,
  lease: LeaseRef,
): Promise<Manifest | null> {
  if (task.prior === null || !source.stillStands) return null;
  const digest = (await readLedger(staging, { entity: entity.name, step: 'extract' }, task.prior)).get(task.chunk);
  if (digest === undefined) return null;
  const manifest = await readManifest(staging, { entity: entity.name, step: 'extract', chunk: task.chunk, digest });
  for (const part of partsOf(entity)) {
    const rows = fileOf(manifest, roleOf(entity, part, 'rows'))?.rows ?? -1;
    const since = { position: manifest.position ?? '', rows };
    if (!(await source.stillStands(readRequest(plan, part), bounds, since, lease))) return null;
  }
  return { ...manifest, position: lease.position };
}

/** Reads one chunk into staging, and proves with the source's own count that none of its rows was lost on the way. */
export async function extractChunk(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const source = await deps.source(plan.source.name);
  const lease = await leaseOf(deps, task.run, task.lease);
  const bounds = (await readChunkPlan(staging, entity.name, task.chunkPlan ?? '')).chunks[task.chunk];
  if (!bounds) throw new Error(`there is no chunk ${task.chunk}`);
  try {
    const standing = lease ? await keepIfStanding(staging, source, plan, entity, task, bounds, lease) : null;
    if (standing) {
      await proveRead(source, plan, entity, lease);
      return { chunk: task.chunk, manifest: await writeManifest(staging, standing), counts: standing.counts };
    }
    const files: StagedFile[] = [];
    const counts: CountsByPart = {};
    for (const part of partsOf(entity)) {
      const done = await extractPart(staging, source, plan, entity, part, { task, bounds, lease, signal: beat.signal });
      beat.beat();
      const said = await source.countChunk(readRequest(plan, part), bounds, lease);
      if (said !== done.rows) throw shortfall(part.name, task.chunk, done.rows, said);
      files.push(...done.files);
      const [rows] = done.files;
      const bytes =
        part === entity && rows
          ? await stageAttachments(staging, source, entity, { chunk: task.chunk, rows, lease }, beat)
          : null;
      if (bytes) files.push(bytes);
      counts[part.name] = { extracted: done.rows };
    }
    await proveRead(source, plan, entity, lease);
    const manifest = await writeManifest(staging, {
      version: 1,
      run: task.run,
      plan: task.plan,
      entity: entity.name,
      step: 'extract',
      chunk: task.chunk,
      files,
      counts,
      // Without a lease nothing is read unless writes are refused: then everything is as of the freeze.
      position: lease?.position ?? (await readLease(staging, FrozenEpoch))?.position ?? null,
    });
    return { chunk: task.chunk, manifest, counts };
  } catch (error) {
    throw await explainReadFailure(source, lease, task.lease, await explainByStructure(source, plan, entity, error));
  }
}
