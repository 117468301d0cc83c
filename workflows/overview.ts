import { addCounts, noCounts, type Counts, type EntityStatus, type RunStatus } from '../model/run.ts';
import type { EntityOutline } from '../model/plan.ts';

/** Entities that a status lists: at most some 60 KB. */
const Listed = 100;

/** A run's status: kept up to date entity by entity, and never longer to tell than a payload holds. */
export class Overview {
  readonly #head: RunStatus;
  readonly #entities: ReadonlyMap<string, EntityStatus>;
  readonly #failed = new Set<string>();
  readonly #running = new Set<string>();

  constructor(head: RunStatus, outlines: readonly EntityOutline[]) {
    const blank = ({ name, title }: EntityOutline): EntityStatus => ({
      name,
      title,
      step: null,
      state: 'waiting',
      workflow: null,
      chunksDue: 0,
      chunksDone: 0,
      rowsDue: 0,
      rowsDone: 0,
      counts: {},
    });
    this.#head = { ...head, entitiesInAll: outlines.length };
    this.#entities = new Map(outlines.map((one) => [one.name, blank(one)]));
  }

  /** Everything but the entities. */
  get run(): RunStatus {
    return this.#head;
  }

  entity(name: string): Readonly<EntityStatus> {
    const found = this.#entities.get(name);
    if (!found) throw new Error(`no entity ${name}`);
    return found;
  }

  change(name: string, more: Partial<EntityStatus>): void {
    const { state } = Object.assign(this.entity(name), more);
    this.#failed.delete(name);
    this.#running.delete(name);
    if (state === 'failed') this.#failed.add(name);
    if (state === 'running') this.#running.add(name);
  }

  /** Adds to the figures of all entities together what became of one. */
  recount(before: Counts, after: Counts): void {
    const { totals } = this.#head;
    for (const name of Object.keys(noCounts()) as (keyof Counts)[]) totals[name] += after[name] - before[name];
  }

  allDone(): void {
    for (const name of this.#entities.keys()) this.change(name, { state: 'done', step: null, workflow: null });
  }

  /** At most `most` entities: all in the plan's order, or, where they are more, those that failed or run first. */
  listed(most = Listed): EntityStatus[] {
    if (this.#entities.size <= most) return [...this.#entities.values()];
    const chosen = new Set([...this.#failed, ...this.#running].slice(0, most));
    for (const name of this.#entities.keys()) {
      if (chosen.size >= most) break;
      chosen.add(name);
    }
    return [...chosen].map((name) => this.entity(name));
  }

  get inWork(): number {
    return this.#running.size;
  }

  /** What a query answers. */
  told(): RunStatus {
    return { ...this.#head, entities: this.listed() };
  }
}

/** One sum over an entity's parts. */
export function inAll(status: { counts: Record<string, Partial<Counts>> }): Counts {
  return addCounts(...Object.values(status.counts));
}
