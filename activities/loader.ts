import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { RequestGate, Target, TargetDocument } from '../connectors/port.ts';
import { LandfallError } from '../model/errors.ts';
import type { Staging } from '../staging/index.ts';
import { digestOf, getSealed, putSealed } from '../staging/sealed.ts';
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
  /** Whether rows were sent by an earlier passage: a replay. */
  readonly #again: boolean;
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
      if (createOnly && (intended || tries > 0 || this.#again)) {
        // What an earlier passage sent has settled long ago.
        const settling = intended || tries > 0 ? this.#target.settlingMs : 0;
        await sleep(settling, undefined, { signal: this.#beat.signal });
        // A row whose key in the target is known is changed there, not created.
        const fresh = open.filter((one) => one.row.targetKey === undefined);
        for (const found of await this.#found(fresh))
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
export async function inLanes<T>(
  batches: AsyncIterable<T>,
  lanes: number,
  work: (batch: T) => Promise<void>,
): Promise<void> {
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
export const Lanes = 4;

interface Batch {
  number: number;
  documents: TargetDocument[];
}

/** Documents in the order of their keys, in batches that are the same at every attempt. */
export async function* batchesOf(documents: AsyncIterable<TargetDocument>, limit: number): AsyncGenerator<Batch> {
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
