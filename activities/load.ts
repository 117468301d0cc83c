import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type {
  RequestGate,
  RowOutcome,
  Target,
  TargetDocument,
  TargetReference,
  TargetRow,
} from '../connectors/port.ts';
import type { Entity, Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import { addCounts, type ChunkResult, type Counts, type CountsByPart } from '../model/run.ts';
import { identifier, literal } from '../model/sql.ts';
import { withDuckJob, type DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { writeManifest, type Manifest } from '../staging/manifest.ts';
import { parquetKeys, relationOf, writeRows } from '../staging/rows.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import { bodyJson } from './body.ts';
import type { ChunkTask } from './contract.ts';
import { crosswalkFile } from './crosswalk.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { entityOf, partsOf, restrictedKey, roleOf, targetOf } from './parts.ts';
import { inputsOf, manifestOf } from './transform.ts';

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
} as const;

/** A ready row as it comes out of DuckDB, with its references resolved. */
const LoadRow = z.looseObject({
  _key: z.string(),
  header: z.string().nullable(),
  body: z.string(),
  target: z.string().nullable(),
});
type LoadRow = z.infer<typeof LoadRow>;

interface Reference {
  field: string;
  /** Entity pointed at to its collection. */
  collections: Map<string, string>;
  whenMissing: 'block' | 'null';
}

function referencesIn(plan: Plan, part: Part, later: boolean): Reference[] {
  return Object.entries(part.fields).flatMap(([field, mapping]) => {
    if (mapping.kind !== 'crosswalk' || mapping.later !== later) return [];
    const collections = new Map(
      mapping.arms.map((arm) => [arm.entity, entityOf(plan, arm.entity).to.collection] as const),
    );
    return [{ field, collections, whenMissing: mapping.whenMissing }];
  });
}

function targetKeys(part: Part): { field: string; collection: string }[] {
  return Object.entries(part.fields).flatMap(([field, mapping]) =>
    mapping.kind === 'targetKey' ? [{ field, collection: mapping.lookup.table }] : [],
  );
}

/** Ready rows with every reference joined to the crosswalk of the entity that it points at. */
function resolved(
  part: Part,
  references: readonly Reference[],
  crosswalks: ReadonlyMap<string, string>,
  ready: string,
): string {
  const joins: string[] = [];
  const columns: string[] = [];
  for (const { field, collections } of references) {
    const arms = [...collections.keys()].filter((entity) => crosswalks.has(entity));
    const aliases = arms.map((entity, i) => {
      const alias = identifier(`x:${field}:${i}`);
      joins.push(
        `LEFT JOIN ${crosswalks.get(entity) ?? ''} ${alias} ON q.${identifier(`${field}$entity`)} = ${literal(entity)} AND q.${identifier(field)} = ${alias}._source`,
      );
      return `${alias}.target`;
    });
    columns.push(
      `q.${identifier(field)} IS NOT NULL AS ${identifier(`has:${field}`)}`,
      `q.${identifier(`${field}$entity`)} AS ${identifier(`entity:${field}`)}`,
      `${aliases.length === 0 ? 'NULL' : `coalesce(${aliases.join(', ')}, NULL)`} AS ${identifier(`to:${field}`)}`,
    );
  }
  for (const { field } of targetKeys(part)) columns.push(`q.${identifier(field)} AS ${identifier(`to:${field}`)}`);
  const head = 'headerKey' in part ? 'q._header' : 'NULL';
  return `SELECT q._key AS _key, CAST(${head} AS VARCHAR) AS header, ${bodyJson(part, 'q')} AS body,
    ${['CAST(NULL AS VARCHAR) AS target', ...columns].join(', ')} FROM ${ready} q ${joins.join(' ')}`;
}

interface Prepared {
  row: TargetRow;
  blocked: string | null;
  dropped: string[];
}

function textOf(row: LoadRow, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

function prepare(part: Part, references: readonly Reference[], row: LoadRow): Prepared {
  const bound: TargetReference[] = [];
  const dropped: string[] = [];
  let blocked: string | null = null;
  for (const { field, collections, whenMissing } of references) {
    const entity = textOf(row, `entity:${field}`) ?? '';
    const collection = collections.get(entity) ?? [...collections.values()][0] ?? '';
    const key = textOf(row, `to:${field}`);
    if (key === null && row[`has:${field}`] === true) {
      if (whenMissing === 'block') blocked ??= field;
      else dropped.push(field);
    }
    bound.push({ field, collection, targetKey: key });
  }
  for (const { field, collection } of targetKeys(part)) {
    bound.push({ field, collection, targetKey: textOf(row, `to:${field}`) });
  }
  for (const [field, mapping] of Object.entries(part.fields)) {
    if (mapping.kind !== 'header') continue;
    const collection = part.to.shape[field]?.type;
    bound.push({
      field,
      collection: collection?.kind === 'reference' ? (collection.collections[0] ?? '') : '',
      targetKey: null,
      toHeader: true,
    });
  }
  return { row: { legacyKey: row._key, body: row.body, references: bound }, blocked, dropped };
}

/** Crosswalk relations of a job, by entity; their files are among what the job may read. */
export async function crosswalksOf(
  staging: Staging,
  digests: Record<string, string>,
): Promise<{ relations: Map<string, string>; files: string[] }> {
  const relations = new Map<string, string>();
  const files: string[] = [];
  for (const [entity, digest] of Object.entries(digests)) {
    const file = await crosswalkFile(staging, entity, digest);
    relations.set(entity, relationOf([file]));
    files.push(file.local);
  }
  return { relations, files };
}

function receipt(part: string, key: string, fields: Partial<Receipt>): Receipt {
  const nothing = { target: null, code: null, message: null, pending: false, dropped: '' };
  return { part, _key: key, outcome: 'uncertain', ...nothing, ...fields };
}

function receiptOf(part: string, outcome: RowOutcome): Receipt {
  switch (outcome.outcome) {
    case 'refused':
      return receipt(part, outcome.legacyKey, { outcome: 'refused', code: outcome.code, message: outcome.message });
    case 'uncertain':
      return receipt(part, outcome.legacyKey, { outcome: 'uncertain', code: outcome.reason.slice(0, 200) });
    default:
      return receipt(part, outcome.legacyKey, { outcome: outcome.outcome, target: outcome.targetKey });
  }
}

/** How often what is uncertain is settled before the step gives up and is tried again as a whole. */
const SettleTries = 4;

class Loader {
  readonly #staging: Staging;
  readonly #target: Target;
  readonly #gate: RequestGate;
  readonly #beat: Beat;
  readonly #folder: string;
  #epoch = 0;

  constructor(staging: Staging, target: Target, gate: RequestGate, beat: Beat, task: ChunkTask) {
    this.#staging = staging;
    this.#target = target;
    this.#gate = gate;
    this.#beat = beat;
    const generation = (task.ledgers.transform ?? '').slice(0, 16);
    this.#folder = `runs/${task.run}/${task.entity}/${task.step}/${String(task.chunk).padStart(8, '0')}-${generation}`;
  }

  get call(): { gate: RequestGate; signal: AbortSignal } {
    return { gate: this.#gate, signal: this.#beat.signal };
  }

  /** Takes the chunk's lease: whoever held it before finds a higher epoch and stops writing. */
  async takeLease(): Promise<void> {
    for (let epoch = await this.#highestEpoch(); ; epoch += 1) {
      const outcome = await this.#staging.store.put(`${this.#folder}/epoch-${epoch + 1}`, Buffer.alloc(0));
      if (outcome === 'created') {
        this.#epoch = epoch + 1;
        return;
      }
    }
  }

  async #highestEpoch(): Promise<number> {
    let highest = 0;
    for await (const { path } of this.#staging.store.list(`${this.#folder}/epoch-`)) {
      highest = Math.max(highest, Number(path.slice(path.lastIndexOf('-') + 1)));
    }
    return highest;
  }

  async #stillHeld(): Promise<void> {
    this.#beat.signal.throwIfAborted();
    if ((await this.#highestEpoch()) === this.#epoch) return;
    throw new LandfallError({
      code: 'load.fenced',
      kind: 'permanent',
      what: 'Another attempt has taken over this chunk.',
      where: { path: this.#folder },
      hint: 'Nothing to do: the other attempt goes on.',
    });
  }

  async #part(path: string): Promise<Receipt[] | null> {
    try {
      return await getSealed(this.#staging, path, z.array(Receipt));
    } catch (error) {
      if (error instanceof LandfallError && error.code === 'staging.gone') return null;
      throw error;
    }
  }

  /** Sends one batch and settles it: when this returns, every row's fate is known and staged. */
  async send(
    number: number,
    documents: readonly TargetDocument[],
    mode: 'write' | 'references',
    partOf: (collection: string) => string,
  ): Promise<Receipt[]> {
    const path = `${this.#folder}/receipts-${number}.json`;
    const known = await this.#part(path);
    if (known) return known;
    await this.#stillHeld();
    const createOnly = mode === 'write' && documents.some((one) => one.collection.write === 'create');
    let intended = false;
    if (createOnly) {
      const keys = documents.map((one) => one.row.legacyKey);
      const { outcome } = await putSealed(this.#staging, `${this.#folder}/intent-${number}.json`, keys);
      intended = outcome === 'exists';
    }
    const settled = new Map<string, Receipt>();
    let open = [...documents];
    for (let tries = 0; open.length > 0; tries += 1) {
      // What an earlier attempt, or an earlier try, may have written is looked up before it is created again.
      if (createOnly && (intended || tries > 0)) {
        await sleep(this.#target.settlingMs, undefined, { signal: this.#beat.signal });
        for (const found of await this.#found(open))
          settled.set(`${found.part}\n${found._key}`, { ...found, part: partOf(found.part) });
        open = open.filter((one) => !settled.has(`${one.collection.collection}\n${one.row.legacyKey}`));
        if (open.length === 0) break;
        await this.#stillHeld();
      }
      const started = Date.now();
      const outcomes = await this.#target.writeBatch(open, mode, this.call);
      this.#beat.beat(Date.now() - started);
      for (const outcome of outcomes) {
        settled.set(`${outcome.collection}\n${outcome.legacyKey}`, receiptOf(partOf(outcome.collection), outcome));
      }
      const isOpen = (document: TargetDocument): boolean =>
        [{ collection: document.collection, rows: [document.row] }, ...(document.lines ? [document.lines] : [])].some(
          (group) =>
            group.rows.some((row) => {
              const found = settled.get(`${group.collection.collection}\n${row.legacyKey}`);
              return found === undefined || found.outcome === 'uncertain';
            }),
        );
      open = open.filter(isOpen);
      if (open.length > 0 && tries >= SettleTries) {
        throw new LandfallError({
          code: 'load.uncertain',
          kind: 'transient',
          what: `The target gave no answer that can be trusted for ${open.length} rows.`,
          where: { path: this.#folder },
          hint: 'The step is tried again; if it goes on, look at the target’s own health.',
        });
      }
    }
    const receipts = [...settled.values()];
    await putSealed(this.#staging, path, receipts);
    return (await this.#part(path)) ?? receipts;
  }

  async #found(documents: readonly TargetDocument[]): Promise<Receipt[]> {
    const [first] = documents;
    if (!first) return [];
    const rows = await this.#target.findByLegacyKey(
      first.collection,
      documents.map((one) => one.row.legacyKey),
      this.call,
    );
    return rows.map((row) =>
      receipt(first.collection.collection, row.legacyKey, { outcome: 'created', target: row.targetKey }),
    );
  }
}

/** Runs batches side by side, in order of their numbers; the request gate decides how many are under way. */
async function inLanes<T>(batches: AsyncIterable<T>, lanes: number, work: (batch: T) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | null = null;
  for await (const batch of batches) {
    if (failure !== null) break;
    const one: Promise<void> = work(batch)
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => running.delete(one));
    running.add(one);
    if (running.size >= lanes) await Promise.race(running);
  }
  await Promise.all(running);
  // eslint-disable-next-line typescript/no-unnecessary-condition
  if (failure !== null) throw (failure as { error: unknown }).error;
}

/** Batches under way at a time within one chunk. */
const Lanes = 4;

interface Batch {
  number: number;
  documents: TargetDocument[];
}

/** Documents in the order of their keys, in batches that are the same at every attempt. */
async function* batchesOf(documents: AsyncIterable<TargetDocument>, limit: number): AsyncGenerator<Batch> {
  let batch: TargetDocument[] = [];
  let size = 0;
  let number = 0;
  for await (const document of documents) {
    const rows = 1 + (document.lines?.rows.length ?? 0);
    if (size > 0 && size + rows > limit) {
      yield { number, documents: batch };
      number += 1;
      batch = [];
      size = 0;
    }
    batch.push(document);
    size += rows;
  }
  if (batch.length > 0) yield { number, documents: batch };
}

function countReceipts(receipts: readonly Receipt[]): CountsByPart {
  const counts: Record<string, Counts> = {};
  for (const one of receipts) {
    const outcome = one.pending ? 'pending' : one.outcome;
    counts[one.part] = addCounts(counts[one.part] ?? {}, {
      [outcome]: 1,
      droppedReferences: one.dropped === '' ? 0 : one.dropped.split(',').length,
    });
  }
  return counts;
}

async function writeReceipts(
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

/** The ready rows of a part in one chunk, restricted fields joined in. */
async function readyRelation(
  staging: Staging,
  entity: Entity,
  part: Part,
  manifest: Manifest,
): Promise<{ relation: string; files: string[] }> {
  const rows = await inputsOf(staging, [manifest], roleOf(entity, part, 'rows'));
  const side = await inputsOf(staging, [manifest], roleOf(entity, part, 'restricted'));
  const files = [...rows, ...side].map((input) => input.local);
  const main = relationOf(rows);
  const relation = side.length === 0 ? main : `(SELECT * FROM ${main} m JOIN ${relationOf(side)} r USING (_key))`;
  return { relation, files };
}

export { readyRelation };

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

  return withDuckJob(
    staging.budget,
    { purpose: `load ${entity.name}`, scratch: staging.scratch, keys, reads, signal: beat.signal },
    async (job) => {
      const receipts: Receipt[] = [];
      const later = new Map<string, string>();
      const prepared = async (part: Part, relation: string) => {
        const references = referencesIn(plan, part, false);
        const waiting = referencesIn(plan, part, true).map((one) => `${identifier(one.field)} IS NOT NULL`);
        if (waiting.length > 0) later.set(part.name, waiting.join(' OR '));
        await job.run(
          `CREATE TABLE ${identifier(`load:${part.name}`)} AS ${resolved(part, references, crosswalks.relations, relation)}`,
        );
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
      const linesOf = new Map<string, Prepared[]>();
      if (lines) {
        for await (const rows of job.stream(
          `SELECT * FROM ${identifier(`load:${lines.name}`)} ORDER BY header, _key`,
        )) {
          for (const raw of rows) {
            const row = LoadRow.parse(raw);
            const one = prepare(lines, partReferences[1] ?? [], row);
            linesOf.set(row.header ?? '', [...(linesOf.get(row.header ?? '') ?? []), one]);
            if (one.dropped.length > 0) droppedOf.set(`${lines.name}\n${row._key}`, one.dropped);
          }
        }
      }
      async function* documents(): AsyncGenerator<TargetDocument> {
        for await (const rows of job.stream(`SELECT * FROM ${identifier(`load:${entity.name}`)} ORDER BY _key`)) {
          for (const raw of rows) {
            const head = prepare(entity, partReferences[0] ?? [], LoadRow.parse(raw));
            const tail = linesOf.get(head.row.legacyKey) ?? [];
            const blocked = head.blocked ?? tail.find((one) => one.blocked !== null)?.blocked ?? null;
            if (blocked !== null) {
              const fields = { outcome: 'blocked' as const, code: `reference.missing:${blocked}` };
              receipts.push(receipt(entity.name, head.row.legacyKey, fields));
              if (lines) for (const one of tail) receipts.push(receipt(lines.name, one.row.legacyKey, fields));
              continue;
            }
            if (head.dropped.length > 0) droppedOf.set(`${entity.name}\n${head.row.legacyKey}`, head.dropped);
            yield {
              collection: targetOf(entity),
              row: head.row,
              ...(lines && tail.length > 0
                ? { lines: { collection: targetOf(lines), rows: tail.map((one) => one.row) } }
                : {}),
            };
          }
        }
      }
      const partOf = (collection: string): string =>
        partsOf(entity).find((part) => part.to.collection === collection)?.name ?? entity.name;
      await inLanes(batchesOf(documents(), target.batchLimit), Lanes, async (batch) => {
        const answered = await loader.send(batch.number, batch.documents, 'write', partOf);
        for (const one of answered) {
          const id = `${one.part}\n${one._key}`;
          const arrived = one.outcome !== 'refused';
          receipts.push({
            ...one,
            pending: arrived && pendingKeys.has(id),
            dropped: arrived ? (droppedOf.get(id) ?? []).join(',') : '',
          });
        }
        beat.beat(receipts.length);
      });
      return writeReceipts(job, staging, task, receipts);
    },
  );
}

/** The later pass: sets the references that could not be set before every row they point at was there. */
export async function setReferences(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const target = await deps.target(plan.target.name);
  const at = { entity: entity.name, chunk: task.chunk };
  const manifest = await manifestOf(staging, { ...at, step: 'transform' }, task.ledgers.transform);
  const loaded = await manifestOf(staging, { ...at, step: 'load' }, task.ledgers.load);
  const crosswalks = await crosswalksOf(staging, task.crosswalks);
  const ready = await readyRelation(staging, entity, entity, manifest);
  const receiptsOf = await inputsOf(staging, [loaded], 'receipts');
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const reads = [...crosswalks.files, ...ready.files, ...receiptsOf.map((input) => input.local)];
  const loader = new Loader(staging, target, deps.gate(plan.target.name, plan.options), beat, task);
  await loader.takeLease();
  const references = referencesIn(plan, entity, true);

  return withDuckJob(
    staging.budget,
    { purpose: `references ${entity.name}`, scratch: staging.scratch, keys, reads, signal: beat.signal },
    async (job) => {
      const first = new Map<string, Receipt>();
      const dropped = new Map<string, string[]>();
      const rows = await job.all(
        `SELECT * FROM ${relationOf(receiptsOf)} WHERE pending AND part = ${literal(entity.name)}`,
        Receipt,
      );
      for (const row of rows) first.set(row._key, row);
      await job.run(`CREATE TABLE later AS ${resolved(entity, references, crosswalks.relations, ready.relation)}`);
      const receipts: Receipt[] = [];
      async function* documents(): AsyncGenerator<TargetDocument> {
        for await (const batch of job.stream('SELECT * FROM later ORDER BY _key')) {
          for (const raw of batch) {
            const row = LoadRow.parse(raw);
            const before = first.get(row._key);
            if (!before) continue;
            const { row: prepared } = prepare(entity, references, row);
            const missing = references.filter(
              (one) => row[`has:${one.field}`] === true && textOf(row, `to:${one.field}`) === null,
            );
            if (missing.length > 0)
              dropped.set(
                row._key,
                missing.map((one) => one.field),
              );
            const bound = prepared.references.filter(
              (one) => references.some((r) => r.field === one.field) && one.targetKey !== null,
            );
            if (bound.length === 0) {
              receipts.push({ ...before, pending: false, dropped: (dropped.get(row._key) ?? []).join(',') });
              continue;
            }
            yield {
              collection: targetOf(entity),
              row: {
                legacyKey: row._key,
                body: '{}',
                references: bound,
                ...(before.target === null ? {} : { targetKey: before.target }),
              },
            };
          }
        }
      }
      await inLanes(batchesOf(documents(), target.batchLimit), Lanes, async (batch) => {
        for (const one of await loader.send(batch.number, batch.documents, 'references', () => entity.name)) {
          const before = first.get(one._key);
          if (!before) continue;
          const arrived = one.outcome !== 'refused';
          receipts.push({
            ...(arrived ? before : { ...one, target: before.target }),
            pending: false,
            dropped: arrived ? (dropped.get(one._key) ?? []).join(',') : '',
          });
        }
        beat.beat(receipts.length);
      });
      const result = await writeReceipts(job, staging, task, receipts);
      // Each row leaves `pending` for the outcome of all its passes.
      const counts = { [entity.name]: addCounts(result.counts[entity.name] ?? {}, { pending: -receipts.length }) };
      return { ...result, counts };
    },
  );
}
