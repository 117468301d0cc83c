import { z } from 'zod';
import type { Target, TargetDocument } from '../connectors/port.ts';
import type { Entity, Part } from '../model/blueprint.ts';
import type { ChunkResult } from '../model/run.ts';
import { literal } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import { parquetKeys, relationOf } from '../staging/rows.ts';
import { inLanes, Lanes } from './batches.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { loadAsLines } from './load-lines.ts';
import { crosswalksOf, LoadRow, prepare, readyRelation, resolved } from './load-rows.ts';
import { knownOf, loadedPart, makeTable, tableOf, type LoadedPart } from './load-table.ts';
import { Loader } from './loader.ts';
import { entityOf, partsOf, restrictedKey, targetOf } from './parts.ts';
import { hasArrived, openReceipts, receipt, receiptColumns, sealReceipts, type Receipt } from './receipts.ts';
import { explained, requireSomeTaken } from './same-target.ts';
import { inputsOf, manifestOf } from './transform.ts';

/** The files with what an earlier passage heard of a chunk's rows. */
async function heardBefore(staging: Staging, task: ChunkTask): Promise<{ local: string; key: string }[]> {
  const { load } = task.ledgers;
  if (load === undefined) return [];
  const manifest = await manifestOf(staging, { entity: task.entity, step: 'load', chunk: task.chunk }, load);
  return inputsOf(staging, [manifest], 'receipts');
}

const DocumentRow = LoadRow.extend({
  document: z.string().nullable(),
  line: z.boolean(),
  blocked: z.string().nullable(),
  target: z.string().nullable(),
  kept: z.boolean(),
});
type DocumentRow = z.infer<typeof DocumentRow>;

/** Headers in the order of their keys, each with its lines: memory holds one document, however many lines a chunk has. */
async function* documentsIn(
  job: DuckJob,
  entity: Entity,
): AsyncGenerator<{ header: DocumentRow; lines: DocumentRow[] }> {
  const of = (part: Part, line: boolean): string =>
    `SELECT l.* EXCLUDE (sent, dropped, pending), ${line} AS line, b.target AS target,
       l.document IS NOT NULL AND l.document IN (SELECT document FROM kept) AS kept
     FROM ${tableOf(part)} l LEFT JOIN before b ON b.part = ${literal(part.name)} AND b._key = l._key`;
  const lines = entity.lines ? `UNION ALL BY NAME ${of(entity.lines, true)}` : '';
  let at: { header: DocumentRow; lines: DocumentRow[] } | null = null;
  for await (const batch of job.stream(`${of(entity, false)} ${lines} ORDER BY document, line, _key`)) {
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

/** Of what an earlier passage sent, finds the documents of which each row arrived as it would be sent now. */
async function findKept(job: DuckJob, parts: readonly LoadedPart[]): Promise<void> {
  await job.run(`INSERT INTO kept SELECT document FROM ${knownOf(parts)} l
    LEFT JOIN before b ON b.part = l.part AND b._key = l._key
    GROUP BY document HAVING bool_and(coalesce(${hasArrived('b')} AND b.sent = l.sent, false))`);
  await job.run(`INSERT INTO heard SELECT b.* FROM before b JOIN ${knownOf(parts)} l ON l.part = b.part AND l._key = b._key
    WHERE l.document IN (SELECT document FROM kept)`);
}

/** Rows that are noted at once, where there are no batches. */
const NotedAtOnce = 5_000;

/** Sends a chunk's rows as documents, in batches, and notes in `heard` what became of each row. */
async function loadAsDocuments(
  job: DuckJob,
  entity: Entity,
  [head, tail]: readonly LoadedPart[],
  at: { target: Target; loader: Loader; beat: Beat },
): Promise<void> {
  let done = 0;
  const note = async (receipts: readonly Receipt[]): Promise<void> => {
    await job.insert('heard', receiptColumns, receipts);
    done += receipts.length;
    at.beat.beat(done);
  };
  async function* documents(): AsyncGenerator<TargetDocument> {
    let blocked: Receipt[] = [];
    for await (const { header, lines } of documentsIn(job, entity)) {
      const missing = header.blocked ?? lines.find((one) => one.blocked !== null)?.blocked ?? null;
      if (missing !== null) {
        const fields = { outcome: 'blocked' as const, code: `reference.missing:${missing}` };
        blocked.push(receipt(entity.name, header._key, fields));
        if (tail) blocked.push(...lines.map((one) => receipt(tail.part.name, one._key, fields)));
        if (blocked.length < NotedAtOnce) continue;
        await note(blocked);
        blocked = [];
        continue;
      }
      // As it would be sent now it was sent before, and arrived.
      if (header.kept) continue;
      const row = prepare(entity, head?.references ?? [], header);
      const own = tail ? lines.map((one) => prepare(tail.part, tail.references, one)) : [];
      yield {
        collection: targetOf(entity),
        row: header.target === null ? row : { ...row, targetKey: header.target },
        ...(tail && own.length > 0 ? { lines: { collection: targetOf(tail.part), rows: own } } : {}),
      };
    }
    await note(blocked);
  }
  const partOf = (collection: string): string =>
    partsOf(entity).find((part) => part.to.collection === collection)?.name ?? entity.name;
  await inLanes(at.loader.batches(documents()), Lanes, async ({ number, documents: batch }) => {
    const send = () => at.loader.send(number, batch, 'write', partOf);
    await note(await explained({ target: at.target, call: at.loader.call }, partsOf(entity), send));
  });
}

/** What was heard of each row, with what is known of it here. */
async function gather(job: DuckJob, parts: readonly LoadedPart[]): Promise<void> {
  await openReceipts(job);
  await job.run(`INSERT INTO receipts BY NAME SELECT h.part, h._key, h.outcome, h.target, h.code, h.message, l.sent,
      there AND l.pending AS pending, CASE WHEN there THEN l.dropped ELSE '' END AS dropped
    FROM (SELECT *, outcome NOT IN ('refused', 'blocked') AS there FROM heard) h
    JOIN ${knownOf(parts)} l ON l.part = h.part AND l._key = h._key`);
}

const Outcome = z.object({ outcome: z.string() });

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
  const before = await heardBefore(staging, task);
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const loader = new Loader(staging, target, deps.gate(plan.target.name, plan.options), beat, task);
  await loader.takeLease();
  await loader.lookFirst(partsOf(entity).map(targetOf));
  const parts = partsOf(entity).map((part, i) =>
    loadedPart(plan, part, (references) => resolved(part, references, crosswalks, ready[i] ?? '')),
  );

  return withOwnSql(
    staging,
    {
      purpose: `load ${entity.name}`,

      keys,

      signal: beat.signal,
    },
    async (job) => {
      await job.createTable('heard', receiptColumns);
      const [only, lines] = parts;
      const first = before.length === 0;
      if (!(first && only && !lines && (await loadAsLines(job, plan, only, { target, loader })))) {
        await job.createTable('before', receiptColumns);
        await job.run('CREATE TABLE kept (document VARCHAR)');
        for (const one of parts) await makeTable(job, plan, one, 'documents');
        if (!first) {
          await job.run(`INSERT INTO before BY NAME SELECT * FROM ${relationOf(before)}`);
          await findKept(job, parts);
        }
        await loadAsDocuments(job, entity, parts, { target, loader, beat });
      }
      const outcomes = await job.all('SELECT DISTINCT outcome FROM heard', Outcome);
      await requireSomeTaken({ target, call: loader.call }, partsOf(entity), outcomes);
      await gather(job, parts);
      return sealReceipts(job, staging, task);
    },
  );
}
