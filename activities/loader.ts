import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type {
  LineRows,
  RequestGate,
  Target,
  TargetCall,
  TargetCollection,
  TargetDocument,
  TargetRow,
  WriteLines,
} from '../connectors/port.ts';
import { LandfallError } from '../model/errors.ts';
import type { Staging } from '../staging/index.ts';
import { digestOf, getSealed, putSealed } from '../staging/sealed.ts';
import { batchesOf, type Batch } from './batches.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat } from './dependencies.ts';
import { Receipt, receipt, receiptOf } from './receipts.ts';

/** How often what is uncertain is settled before the step gives up and is tried again as a whole. */
const SettleTries = 4;

/** Sends one chunk's documents, one attempt at a time, and keeps what the target said. */
export class Loader {
  readonly #staging: Staging;
  readonly #target: Target;
  readonly #gate: RequestGate;
  readonly #beat: Beat;
  readonly #folder: string;
  readonly #entityFolder: string;
  /** Whether the target may hold rows of an earlier passage, or of an earlier run. */
  #again: boolean;
  #epoch = 0;

  constructor(staging: Staging, target: Target, gate: RequestGate, beat: Beat, task: ChunkTask) {
    this.#staging = staging;
    this.#target = target;
    this.#gate = gate;
    this.#beat = beat;
    // What another passage sent and heard is another matter: each has a folder of its own.
    const { transform = '', load = '', references = '' } = task.ledgers;
    this.#again = task.ledgers[task.step] !== undefined;
    const generation = digestOf([transform, load, references].join(' ')).slice(0, 16);
    this.#entityFolder = `runs/${task.run}/${task.entity}/${task.step}`;
    this.#folder = `${this.#entityFolder}/${String(task.chunk).padStart(8, '0')}-${generation}`;
  }

  get call(): TargetCall {
    return { gate: this.#gate, signal: this.#beat.signal, stillOurs: () => this.#stillHeld() };
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

  /** Waits until nothing that an earlier attempt has sent can take effect any more. */
  async settle(): Promise<void> {
    if (this.#epoch > 1) await sleep(this.#target.settlingMs, undefined, { signal: this.#beat.signal });
  }

  /** Where it stands how documents are cut into batches, once the chunk goes as documents. */
  get #cutPath(): string {
    return `${this.#folder}/batches.json`;
  }

  #uncertain(rows: number): LandfallError {
    return new LandfallError({
      code: 'load.uncertain',
      kind: 'transient',
      what: `The target gave no answer that can be trusted for ${rows} rows.`,
      where: { path: this.#folder },
      hint: 'The step is tried again; if it goes on, look at the target’s own health.',
    });
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
      // Whichever attempt took over may be an older one that was slow: then it is this one that must try again.
      kind: 'transient',
      what: 'Another attempt has taken over this chunk.',
      where: { path: this.#folder },
      hint: 'Nothing to do: whichever attempt Temporal waits for takes it back.',
    });
  }

  async #staged<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
    try {
      return await getSealed(this.#staging, path, schema);
    } catch (error) {
      if (error instanceof LandfallError && error.code === 'staging.gone') return null;
      throw error;
    }
  }

  /** Does a part of the chunk's work and stages what came of it, unless an earlier attempt did: then gives that. */
  async once<T>(name: string, schema: z.ZodType<T>, work: () => Promise<T>): Promise<T> {
    const path = `${this.#folder}/${name}.json`;
    const known = await this.#staged(path, schema);
    if (known !== null) return known;
    await putSealed(this.#staging, path, await work());
    return getSealed(this.#staging, path, schema);
  }

  /**
   * Documents in the order of their keys, in batches that are the same at every attempt: what one attempt staged under a
   * batch's number, the next takes to be about the same rows. So the limit that the first attempt found holds here, also
   * where an engineer changes the connection's meanwhile.
   */
  async *batches(documents: AsyncIterable<TargetDocument>): AsyncGenerator<Batch> {
    await putSealed(this.#staging, this.#cutPath, { limit: this.#target.batchLimit });
    yield* batchesOf(documents, (await getSealed(this.#staging, this.#cutPath, Cut)).limit);
  }

  /**
   * Sends a chunk's rows all at once, and settles them. Where an earlier attempt has begun to send documents, this one
   * goes on with them.
   *
   * @returns whether they were written; else nothing was
   */
  async sendLines(
    target: Pick<WriteLines, 'writeLines'>,
    rows: LineRows,
    accept: (answers: AsyncIterable<string>) => Promise<boolean>,
  ): Promise<boolean> {
    if ((await this.#staged(this.#cutPath, Cut)) !== null) return false;
    for (let tries = 0; tries <= SettleTries; tries += 1) {
      await this.#stillHeld();
      const outcome = await target.writeLines(rows, accept, this.call);
      if (outcome !== 'uncertain') return outcome === 'written';
    }
    throw this.#uncertain(rows.count);
  }

  /** Sends one batch and settles it: when this returns, every row's fate is known and staged. */
  async send(
    number: number,
    documents: readonly TargetDocument[],
    mode: 'write' | 'references',
    partOf: (collection: string) => string,
  ): Promise<Receipt[]> {
    const path = `${this.#folder}/receipts-${number}.json`;
    const known = await this.#staged(path, z.array(Receipt));
    if (known) return known;
    await this.#stillHeld();
    // Lines that are created each time they are sent make of a header that is upserted a document that is not.
    const createOnly = mode === 'write' && documents.flatMap(groupsOf).some((one) => one.collection.write === 'create');
    let intended = false;
    if (createOnly) {
      const keys = documents.map((one) => one.row.legacyKey);
      const { outcome } = await putSealed(this.#staging, `${this.#folder}/intent-${number}.json`, keys);
      intended = outcome === 'exists';
    }
    const settled = new Map<string, Receipt>();
    let open = [...documents];
    for (let tries = 0; open.length > 0; tries += 1) {
      if (createOnly && (intended || tries > 0)) {
        // What an earlier attempt, or an earlier try, may have written is looked up before it is created again.
        await sleep(this.#target.settlingMs, undefined, { signal: this.#beat.signal });
        if (!this.#again) {
          const found = await this.#found(open);
          const isThere = (one: TargetDocument): boolean => idsOf(one).every((id) => found.has(id));
          const there = new Set(open.filter(isThere).flatMap(idsOf));
          for (const [id, row] of found) {
            if (!there.has(id)) continue;
            settled.set(
              id,
              receipt(partOf(row.collection), row.legacyKey, { outcome: 'created', target: row.targetKey }),
            );
          }
          // Of a header that is upserted nothing is known, but its lines may be there, and must not be created again.
          open = withTargetKeys(
            open.filter((one) => !isThere(one)),
            found,
          );
          if (open.length === 0) break;
        }
        await this.#stillHeld();
      }
      if (createOnly && this.#again) open = withTargetKeys(open, await this.#found(open));
      // A request has the size that the connection allows today.
      for await (const request of batchesOf(open, this.#target.batchLimit)) {
        const started = performance.now();
        const outcomes = await this.#target.writeBatch(request.documents, mode, this.call);
        this.#beat.beat(Math.round(performance.now() - started));
        for (const outcome of outcomes) {
          settled.set(`${outcome.collection}\n${outcome.legacyKey}`, receiptOf(partOf(outcome.collection), outcome));
        }
      }
      const isOpen = (document: TargetDocument): boolean =>
        idsOf(document).some((id) => (settled.get(id)?.outcome ?? 'uncertain') === 'uncertain');
      open = open.filter(isOpen);
      if (open.length > 0 && tries >= SettleTries) {
        throw this.#uncertain(open.length);
      }
    }
    const receipts = [...settled.values()];
    const { outcome } = await putSealed(this.#staging, path, receipts);
    // Another attempt was here first: what it staged is what counts.
    return outcome === 'exists' ? getSealed(this.#staging, path, z.array(Receipt)) : receipts;
  }

  /** What the target has of create-only documents already, by collection and legacy key. */
  async #found(documents: readonly TargetDocument[]): Promise<Map<string, Known>> {
    const found = new Map<string, Known>();
    const groups = new Map<string, { collection: TargetCollection; keys: string[] }>();
    for (const { collection, rows } of documents.flatMap(groupsOf)) {
      if (collection.write !== 'create') continue;
      const group = groups.get(collection.collection) ?? { collection, keys: [] };
      groups.set(collection.collection, group);
      group.keys.push(...rows.flatMap((row) => (row.targetKey === undefined ? [row.legacyKey] : [])));
    }
    for (const { collection, keys } of groups.values()) {
      if (keys.length === 0) continue;
      for (const row of await this.#target.findByLegacyKey(collection, keys, this.call)) {
        found.set(idOf(collection, row), { ...row, collection: collection.collection });
      }
    }
    return found;
  }

  /**
   * A target that only creates does not tell a row that an earlier run left there from a new one. Whether it held any is
   * asked once, before this run's first row: if so, each row is looked for before it is created.
   */
  async lookFirst(collections: readonly TargetCollection[]): Promise<void> {
    for (const collection of collections) {
      if (this.#again || collection.write !== 'create') continue;
      const path = `${this.#entityFolder}/found-before-${collection.collection}.json`;
      const known = await this.#staged(path, FoundBefore);
      if (known === null) {
        await putSealed(this.#staging, path, { rows: await this.#target.countRows(collection, this.call) });
      }
      const { rows } = known ?? (await getSealed(this.#staging, path, FoundBefore));
      if (rows !== 0) this.#again = true;
    }
  }
}

const Cut = z.strictObject({ limit: z.int().min(1) });
const FoundBefore = z.strictObject({ rows: z.int().nullable() });

interface Known {
  collection: string;
  legacyKey: string;
  targetKey: string;
}

function idOf(collection: TargetCollection, row: { legacyKey: string }): string {
  return `${collection.collection}\n${row.legacyKey}`;
}

/** The rows of a document by collection: the header, then its lines. */
function groupsOf(document: TargetDocument): { collection: TargetCollection; rows: readonly TargetRow[] }[] {
  return [{ collection: document.collection, rows: [document.row] }, ...(document.lines ? [document.lines] : [])];
}

function idsOf(document: TargetDocument): string[] {
  return groupsOf(document).flatMap(({ collection, rows }) => rows.map((row) => idOf(collection, row)));
}

/** A row whose key in the target is known is changed there, and not created. */
function withTargetKeys(documents: readonly TargetDocument[], known: ReadonlyMap<string, Known>): TargetDocument[] {
  const keyed = (collection: TargetCollection, row: TargetRow): TargetRow => {
    const targetKey = row.targetKey ?? known.get(idOf(collection, row))?.targetKey;
    return targetKey === undefined ? row : { ...row, targetKey };
  };
  return documents.map(({ lines, ...one }) => ({
    ...one,
    row: keyed(one.collection, one.row),
    ...(lines ? { lines: { ...lines, rows: lines.rows.map((row) => keyed(lines.collection, row)) } } : {}),
  }));
}
