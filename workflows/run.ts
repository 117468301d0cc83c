import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  executeChild,
  ParentClosePolicy,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
  type ActivityInterfaceFor,
} from '@temporalio/workflow';
import type { Activities, EntityRecord, RunRef } from '../activities/contract.ts';
import type { EntityOutline, PlanOutline } from '../model/plan.ts';
import {
  addCounts,
  totalOf,
  type ChunkStep,
  type CountsByPart,
  type EntityStatus,
  type Phase,
  type RunStatus,
} from '../model/run.ts';
import { runDetails } from './details.ts';
import { entity as entityWorkflow, type EntityInput, type EntityOutcome } from './entity.ts';
import { defect } from './failures.ts';
import { blank, opening, type Carried, type Memory, type MigrationInput } from './memory.ts';
import type { Progress } from './messages.ts';
import { boundedFanOut, inDependencyOrder } from './schedule.ts';
import { LandfallEntity, LandfallPhase, LandfallRun, LandfallWaiting } from './search-attributes.ts';
import { stepsFor, type Sides } from './steps.ts';

/** Entities whose records are staged with one step: small enough for one payload. */
const RecordsAtOnce = 200;
/** Events after which a run continues as new although it holds a snapshot, which it loses by it, or replays rejects. */
const EventsAtMost = 30_000;

/** Every row that was extracted must have come into the transform, regrouped or not. */
function requireSameRows(entity: string, extracted: CountsByPart, transformed: CountsByPart): void {
  for (const part of Object.keys(extracted)) {
    const before = addCounts(extracted[part] ?? {}).extracted;
    const after = addCounts(transformed[part] ?? {}).extracted;
    if (before === after) continue;
    throw defect('accounting.imbalance', `${entity}: ${before} rows of ${part} were extracted, ${after} transformed.`);
  }
}

/**
 * The state of one run and what its phases do with entities: take them through a step, keep their records, show how far
 * they are.
 */
export class Run {
  readonly outline: PlanOutline;
  readonly of: RunRef;
  readonly steps: ActivityInterfaceFor<Activities>;
  readonly sides: Sides;
  readonly status: RunStatus;
  readonly records = new Map<string, EntityRecord>();
  readonly children = new Set<string>();
  readonly #input: MigrationInput;
  readonly #changed = new Set<string>();
  readonly #byName: Map<string, EntityOutline>;
  readonly #statusOf: Map<string, EntityStatus>;
  #entities: string | null;
  readonly memory: Memory;
  /** Entities that are through the stage. */
  readonly through: Set<string>;
  /** Decisions under way. */
  deciding = 0;

  constructor(input: MigrationInput, outline: PlanOutline) {
    const { carried } = input;
    this.#input = input;
    this.outline = outline;
    this.of = { run: input.run, plan: input.plan };
    this.sides = { source: outline.source, target: outline.target };
    this.steps = stepsFor(this.sides, outline.options);
    this.status = {
      ...opening(input),
      migration: outline.migration,
      mode: outline.mode,
      entities: outline.entities.map(({ name, title }): EntityStatus => ({
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
      })),
    };
    this.#byName = new Map(outline.entities.map((one) => [one.name, one]));
    this.#statusOf = new Map(this.status.entities.map((one) => [one.name, one]));
    this.#entities = carried?.entities ?? null;
    this.memory = carried?.memory ?? blank();
    this.through = new Set(carried?.through);
  }

  /** Reads back what an earlier execution of this run knew of its entities. */
  async recall(): Promise<void> {
    const entities = this.#entities;
    if (entities === null) return;
    for (let from = 0; from < this.outline.entities.length; from += RecordsAtOnce) {
      const page = await this.steps.recallEntities({ ...this.of, entities, from, count: RecordsAtOnce });
      for (const [name, record] of Object.entries(page.entities)) {
        this.records.set(name, record);
        const counts = totalOf(record.counts);
        this.statusOf(name).counts = counts;
        this.statusOf(name).rowsDue = this.extractedRows(name);
      }
    }
  }

  statusOf(name: string): EntityStatus {
    const found = this.#statusOf.get(name);
    if (!found) throw new Error(`no entity ${name}`);
    return found;
  }

  outlineOf(name: string): EntityOutline {
    const found = this.#byName.get(name);
    if (!found) throw new Error(`no entity ${name}`);
    return found;
  }

  record(name: string): EntityRecord {
    return (
      this.records.get(name) ?? { ledgers: {}, counts: {}, chunks: 0, partitions: 0, chunkPlan: null, crosswalk: null }
    );
  }

  learn(name: string, more: Partial<EntityRecord>): void {
    this.records.set(name, { ...this.record(name), ...more });
    this.#changed.add(name);
  }

  /** Stages what is known of entities. @returns the digest by which steps find it */
  async recorded(): Promise<string> {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (let from = 0; from < changed.length; from += RecordsAtOnce) {
      const names = changed.slice(from, from + RecordsAtOnce);
      const entities = Object.fromEntries(names.map((name) => [name, this.record(name)]));
      this.#entities = (await this.steps.recordEntities({ ...this.of, previous: this.#entities, entities })).digest;
    }
    this.#entities ??= (await this.steps.recordEntities({ ...this.of, previous: null, entities: {} })).digest;
    return this.#entities;
  }

  extractedRows(name: string): number {
    const { extract = {} } = this.record(name).counts;
    return this.outlineOf(name).parts.reduce((sum, part) => sum + (extract[part]?.extracted ?? 0), 0);
  }

  show(): void {
    this.status.updatedAt = new Date().toISOString();
    setCurrentDetails(runDetails(this.status));
  }

  enter(phase: Phase): void {
    this.status.phase = phase;
    upsertSearchAttributes([{ key: LandfallPhase, value: phase }]);
    this.show();
  }

  wait(waiting: RunStatus['waiting']): void {
    this.status.waiting = waiting;
    upsertSearchAttributes([{ key: LandfallWaiting, value: waiting ? waiting.on : '' }]);
    this.show();
  }

  heard(told: Progress): void {
    const { step, chunksDue, chunksDone } = told;
    Object.assign(this.statusOf(told.entity), { step, chunksDue, chunksDone });
    this.show();
  }

  idle(name: string): void {
    Object.assign(this.statusOf(name), { state: 'waiting', step: null, workflow: null });
    this.show();
  }

  /** Takes an entity through a step, all of its chunks, and keeps what came of it. */
  async take(name: string, step: ChunkStep, over: Partial<EntityInput> = {}): Promise<EntityOutcome> {
    await condition(() => !this.status.paused);
    const { title } = this.outlineOf(name);
    const one = this.statusOf(name);
    const record = this.record(name);
    const due = over.chunks ?? (step === 'extract' || step === 'regroup' ? record.chunks : record.partitions);
    const lease = over.lease === undefined ? '' : `/${over.lease ?? 0}`;
    const replay = this.status.replays.length === 0 ? '' : `/replay-${this.status.replays.length}`;
    const workflowId = `${this.of.run}/${name}/${step}${lease}${replay}`;
    this.children.add(workflowId);
    Object.assign(one, { step, state: 'running', workflow: workflowId, chunksDue: due, chunksDone: 0 });
    this.show();
    try {
      const outcome = await executeChild(entityWorkflow, {
        workflowId,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `${title}: ${step}`,
        typedSearchAttributes: [
          { key: LandfallRun, value: this.of.run },
          { key: LandfallEntity, value: name },
        ],
        args: [
          {
            ...this.of,
            entity: name,
            title,
            step,
            chunks: due,
            lease: null,
            chunkPlan: record.chunkPlan,
            prior: null,
            partitions: 1,
            ledgers: record.ledgers,
            crosswalks: {},
            sides: this.sides,
            options: this.outline.options,
            paused: this.status.paused,
            carried: null,
            ...over,
          },
        ],
      });
      one.chunksDone = due;
      const ledgers = { ...this.record(name).ledgers, [step]: outcome.ledger };
      if (!outcome.complete) this.learn(name, { ledgers });
      else {
        const counts = { ...this.record(name).counts, [step]: outcome.counts };
        if (step === 'transform') requireSameRows(name, counts.extract ?? {}, outcome.counts);
        this.learn(name, { ledgers, counts });
        one.counts = totalOf(counts);
      }
      return outcome;
    } finally {
      this.children.delete(workflowId);
      this.show();
    }
  }

  /** Whether this execution's history is long enough: what is in work ends, then the run continues as new. */
  tired(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    const { phase, replays } = this.status;
    const holding = phase === 'extract' && this.outline.needsLease;
    const replaying = replays.some((one) => one.outcome === 'running');
    return holding || replaying ? historyLength > EventsAtMost : continueAsNewSuggested;
  }

  /** Continues as new, with no child open, where history has grown long. */
  async rest(): Promise<void> {
    if (!this.tired()) return;
    await condition(() => this.deciding === 0 && allHandlersFinished());
    const entities = await this.recorded();
    const { phase, paused, report, signed, failure, replays, startedAt } = this.status;
    const carried: Carried = {
      entities,
      memory: this.memory,
      phase,
      through: [...this.through],
      status: { paused, report, signed, failure, replays, startedAt },
    };
    await condition(allHandlersFinished);
    await continueAsNew<(input: MigrationInput) => Promise<unknown>>({ ...this.#input, carried });
  }

  /**
   * Works on every entity that is not through the stage yet, independent ones side by side; in the order of their
   * references where `after` is given.
   */
  async each(
    work: (one: EntityOutline) => Promise<void>,
    of: { after?: (one: EntityOutline) => readonly string[]; only?: (one: EntityOutline) => boolean } = {},
  ): Promise<void> {
    const due = this.outline.entities.filter((one) => !this.through.has(one.name) && (of.only?.(one) ?? true));
    const passing = async (one: EntityOutline): Promise<void> => {
      await work(one);
      this.idle(one.name);
      this.through.add(one.name);
    };
    const { entityFanOut } = this.outline.options;
    const stop = (): boolean => this.tired();
    if (of.after) await inDependencyOrder(due, of.after, entityFanOut, passing, stop);
    else await boundedFanOut(due, entityFanOut, passing, stop);
    if (due.some((one) => !this.through.has(one.name))) await this.rest();
  }

  /** Makes the source refuse writes. */
  async freeze(): Promise<void> {
    // Set before it is done: undoing a freeze that did not happen does no harm.
    this.memory.frozen = true;
    await this.steps.freezeSource(this.of);
  }

  /** Lets the source take writes again, if this run froze it. */
  async thaw(): Promise<void> {
    if (!this.memory.frozen) return;
    await this.steps.thawSource(this.of);
    this.memory.frozen = false;
  }

  /** Runs what must not be cut off by an abort. */
  uncut<T>(work: () => Promise<T>): Promise<T> {
    return CancellationScope.nonCancellable(work);
  }
}
