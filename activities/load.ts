import { z } from 'zod';
import type { TargetDocument } from '../connectors/port.ts';
import type { Entity, Part } from '../model/blueprint.ts';
import type { ChunkResult } from '../model/run.ts';
import { identifier } from '../model/sql.ts';
import { withDuckJob, type DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { parquetKeys, relationOf } from '../staging/rows.ts';
import { inLanes, Lanes } from './batches.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { crosswalksOf, LoadRow, prepare, readyRelation, referencesIn, resolved, type Reference } from './load-rows.ts';
import { Loader } from './loader.ts';
import { entityOf, partsOf, restrictedKey, targetOf } from './parts.ts';
import { arrived, Receipt, receipt, writeReceipts } from './receipts.ts';
import { explained, requireSomeTaken } from './same-target.ts';
import { inputsOf, manifestOf } from './transform.ts';

/** What an earlier passage heard of a chunk's rows, by part and key. */
async function heardBefore(
  staging: Staging,
  task: ChunkTask,
  keys: Record<string, string>,
): Promise<Map<string, Receipt>> {
  const { load } = task.ledgers;
  if (load === undefined) return new Map();
  const manifest = await manifestOf(staging, { entity: task.entity, step: 'load', chunk: task.chunk }, load);
  const inputs = await inputsOf(staging, [manifest], 'receipts');
  const reads = inputs.map((input) => input.local);
  const receipts = await withDuckJob(
    staging.budget,
    { purpose: `receipts ${task.entity}`, mapping: false, scratch: staging.scratch, keys, reads },
    (job) => job.all(`SELECT * FROM ${relationOf(inputs)}`, Receipt),
  );
  return new Map(receipts.map((one) => [`${one.part}\n${one._key}`, one]));
}

const DocumentRow = LoadRow.extend({ document: z.string().nullable(), line: z.boolean() });

/** The name of the table that holds a part's rows, their references resolved. */
function tableOf(part: Part): string {
  return identifier(`load:${part.name}`);
}

/** Headers in the order of their keys, each with its lines: memory holds one document, however many lines a chunk has. */
async function* documentsIn(job: DuckJob, entity: Entity): AsyncGenerator<{ header: LoadRow; lines: LoadRow[] }> {
  const lines = entity.lines
    ? `UNION ALL BY NAME SELECT *, header AS document, true AS line FROM ${tableOf(entity.lines)}`
    : '';
  const rows = `SELECT *, _key AS document, false AS line FROM ${tableOf(entity)} ${lines} ORDER BY document, line, _key`;
  let at: { header: LoadRow; lines: LoadRow[] } | null = null;
  for await (const batch of job.stream(rows)) {
    for (const raw of batch) {
      const row = DocumentRow.parse(raw);
      if (row.line) {
        if (at?.header._key === row.document) at.lines.push(row);
        continue;
      }
      if (at) yield at;
      at = { header: row, lines: [] };
    }
  }
  if (at) yield at;
}

/** Writes one chunk (or partition) to the target, references that are known already included. */
export async function loadChunk(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const target = await deps.target(plan.target.name);
  const manifest = await manifestOf(
    staging,
    { entity: entity.name, step: 'transform', chunk: task.chunk },
    task.ledgers.transform,
  );
  const crosswalks = await crosswalksOf(staging, task.crosswalks);
  const ready = await Promise.all(partsOf(entity).map((part) => readyRelation(staging, entity, part, manifest)));
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const reads = [...crosswalks.files, ...ready.flatMap((one) => one.files)];
  const loader = new Loader(staging, target, deps.gate(plan.target.name, plan.options), beat, task);
  await loader.takeLease();
  await loader.lookFirst(partsOf(entity).map(targetOf));
  const before = await heardBefore(staging, task, keys);

  return withDuckJob(
    staging.budget,
    { purpose: `load ${entity.name}`, mapping: false, scratch: staging.scratch, keys, reads, signal: beat.signal },
    async (job) => {
      const receipts: Receipt[] = [];
      const later = new Map<string, string>();
      const prepared = async (part: Part, relation: string) => {
        const references = referencesIn(plan, part, false);
        const waiting = referencesIn(plan, part, true).map((one) => `${identifier(one.field)} IS NOT NULL`);
        if (waiting.length > 0) later.set(part.name, waiting.join(' OR '));
        await job.run(`CREATE TABLE ${tableOf(part)} AS ${resolved(part, references, crosswalks.relations, relation)}`);
        return references;
      };
      const pendingKeys = new Set<string>();
      const partReferences: Reference[][] = [];
      for (const [i, part] of partsOf(entity).entries()) {
        const relation = ready[i]?.relation ?? '';
        partReferences.push(await prepared(part, relation));
        const waiting = later.get(part.name);
        if (waiting === undefined) continue;
        const rows = await job.all(`SELECT _key FROM ${relation} WHERE ${waiting}`, z.object({ _key: z.string() }));
        for (const row of rows) pendingKeys.add(`${part.name}\n${row._key}`);
      }
      const [, lines] = partsOf(entity);
      const droppedOf = new Map<string, string[]>();
      const sentOf = new Map<string, string>();
      async function* documents(): AsyncGenerator<TargetDocument> {
        for await (const { header, lines: rows } of documentsIn(job, entity)) {
          const head = prepare(entity, partReferences[0] ?? [], header);
          const tail = lines ? rows.map((row) => prepare(lines, partReferences[1] ?? [], row)) : [];
          for (const one of tail) {
            const id = `${lines?.name ?? ''}\n${one.row.legacyKey}`;
            sentOf.set(id, one.sent);
            if (one.dropped.length > 0) droppedOf.set(id, one.dropped);
          }
          const blocked = head.blocked ?? tail.find((one) => one.blocked !== null)?.blocked ?? null;
          if (blocked !== null) {
            const fields = { outcome: 'blocked' as const, code: `reference.missing:${blocked}` };
            receipts.push(receipt(entity.name, head.row.legacyKey, fields));
            if (lines) for (const one of tail) receipts.push(receipt(lines.name, one.row.legacyKey, fields));
            continue;
          }
          const id = `${entity.name}\n${head.row.legacyKey}`;
          sentOf.set(id, head.sent);
          if (head.dropped.length > 0) droppedOf.set(id, head.dropped);
          const ids = [id, ...tail.map((one) => `${lines?.name ?? ''}\n${one.row.legacyKey}`)];
          const known = ids.flatMap((one) => before.get(one) ?? []);
          if (
            known.length === ids.length &&
            known.every((one, i) => arrived(one) && one.sent === sentOf.get(ids[i] ?? ''))
          ) {
            // As it would be sent now it was sent before, and arrived.
            receipts.push(...known.map((one, i) => keptReceipt(one, ids[i] ?? '')));
            continue;
          }
          const target = before.get(id)?.target;
          yield {
            collection: targetOf(entity),
            row: { ...head.row, ...(typeof target === 'string' ? { targetKey: target } : {}) },
            ...(lines && tail.length > 0
              ? { lines: { collection: targetOf(lines), rows: tail.map((one) => one.row) } }
              : {}),
          };
        }
      }
      function keptReceipt(one: Receipt, id: string): Receipt {
        const there = one.outcome !== 'refused';
        const dropped = there ? (droppedOf.get(id) ?? []).join(',') : '';
        return { ...one, pending: there && pendingKeys.has(id), dropped };
      }
      const partOf = (collection: string): string =>
        partsOf(entity).find((part) => part.to.collection === collection)?.name ?? entity.name;
      await inLanes(loader.batches(documents()), Lanes, async (batch) => {
        const answered = await explained(target, partsOf(entity), () =>
          loader.send(batch.number, batch.documents, 'write', partOf),
        );
        for (const one of answered) {
          const id = `${one.part}\n${one._key}`;
          receipts.push(keptReceipt({ ...one, sent: sentOf.get(id) ?? '' }, id));
        }
        beat.beat(receipts.length);
      });
      await requireSomeTaken(target, partsOf(entity), receipts);
      return writeReceipts(job, staging, task, receipts);
    },
  );
}
