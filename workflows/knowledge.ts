import type { ActivityInterfaceFor } from '@temporalio/workflow';
import type { Activities, EntityRecord, RunRef } from '../activities/contract.ts';
import type { EntityOutline } from '../model/plan.ts';
import type { Whereabouts } from './messages.ts';

/** Entities whose records cross with one step: at some 2 KB each they stay far below what a payload may hold. */
const RecordsAtOnce = 40;

/**
 * What a run knows of its entities. Thousands of records fit neither one payload nor every execution of a run that
 * continues as new: they are staged as they come, and read back as entities come up.
 */
export class Knowledge {
  readonly #of: RunRef;
  readonly #steps: Pick<ActivityInterfaceFor<Activities>, 'recordEntities' | 'recallEntities'>;
  readonly #records = new Map<string, EntityRecord>();
  readonly #asked = new Map<string, Promise<void>>();
  readonly #changed = new Set<string>();
  /** What earlier executions staged. */
  readonly #earlier: string | null;
  #staged: string | null;
  #staging: Promise<void> = Promise.resolve();

  /** @param staged the digest under which earlier executions staged what they knew */
  constructor(of: RunRef, steps: ActivityInterfaceFor<Activities>, staged: string | null) {
    this.#of = of;
    this.#steps = steps;
    this.#earlier = staged;
    this.#staged = staged;
  }

  /** What is known of an entity that was recalled. */
  of(name: string): EntityRecord {
    return (
      this.#records.get(name) ?? { ledgers: {}, counts: {}, chunks: 0, partitions: 0, chunkPlan: null, crosswalk: null }
    );
  }

  learn(name: string, more: Partial<EntityRecord>): void {
    this.#records.set(name, { ...this.of(name), ...more });
    this.#changed.add(name);
  }

  /** Digests of the crosswalks of some entities, where they are sealed. */
  async crosswalksOf(names: readonly string[]): Promise<Record<string, string>> {
    await this.recall(names);
    return Object.fromEntries(
      names.flatMap((name) => {
        const { crosswalk } = this.of(name);
        return crosswalk === null ? [] : [[name, crosswalk]];
      }),
    );
  }

  /**
   * Reads back what earlier executions staged of some entities, unless this one knows it.
   *
   * @param next entities that come up soon: they are read with them, as far as one payload holds them
   */
  async recall(names: readonly string[], next: Iterable<EntityOutline> = []): Promise<void> {
    const entities = this.#earlier;
    if (entities === null) return;
    const isUnknown = (name: string): boolean => !this.#asked.has(name) && !this.#records.has(name);
    const wanted = new Set(names.filter(isUnknown));
    if (wanted.size > 0) {
      for (const { name } of next) {
        if (wanted.size >= RecordsAtOnce) break;
        if (isUnknown(name)) wanted.add(name);
      }
    }
    const all = [...wanted];
    for (let from = 0; from < all.length; from += RecordsAtOnce) {
      const page = all.slice(from, from + RecordsAtOnce);
      const asking = this.#ask(entities, page);
      for (const name of page) this.#asked.set(name, asking);
    }
    await Promise.all(names.map((name) => this.#asked.get(name) ?? Promise.resolve()));
  }

  async #ask(entities: string, names: string[]): Promise<void> {
    const page = await this.#steps.recallEntities({ ...this.#of, entities, names });
    for (const [name, record] of Object.entries(page.entities)) {
      // What was learnt meanwhile is newer.
      if (!this.#records.has(name)) this.#records.set(name, record);
    }
  }

  /** Stages what was learnt, once it is enough to be worth a step. */
  async stageWhenMany(): Promise<void> {
    if (this.#changed.size >= RecordsAtOnce) await this.stage();
  }

  /** Stages what was learnt. @returns the digest by which steps find all of it */
  async stage(): Promise<string> {
    // One at a time: each document is the one before it with some records replaced.
    const earlier = this.#staging;
    this.#staging = earlier.catch(() => {}).then(() => this.#stageChanged());
    await this.#staging;
    return this.#staged ?? '';
  }

  async #stageChanged(): Promise<void> {
    while (this.#changed.size > 0 || this.#staged === null) {
      const names = [...this.#changed].slice(0, RecordsAtOnce);
      const entities = Object.fromEntries(names.map((name) => [name, this.of(name)]));
      this.#staged = (await this.#steps.recordEntities({ ...this.#of, previous: this.#staged, entities })).digest;
      for (const name of names) if (this.of(name) === entities[name]) this.#changed.delete(name);
    }
  }

  /** Where it is staged, and what was learnt since: a query's answer stays small, however many entities there are. */
  get whereabouts(): Whereabouts {
    return { staged: this.#staged, since: Object.fromEntries([...this.#changed].map((name) => [name, this.of(name)])) };
  }
}
