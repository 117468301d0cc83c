import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
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
  rowsThrough,
  totalOf,
  type ChunkStep,
  type CountsByPart,
  type Phase,
  type RunFailure,
  type RunStatus,
} from '../model/run.ts';
import { runDetails, stepDetails } from './details.ts';
import { entity as entityWorkflow, type EntityInput, type EntityOutcome } from './entity.ts';
import { defect } from './failures.ts';
import { Knowledge } from './knowledge.ts';
import { Marks } from './marks.ts';
import { blank, opening, type Carried, type MarkName, type Memory, type MigrationInput } from './memory.ts';
import type { Progress } from './messages.ts';
import { inAll, Overview } from './overview.ts';
import { boundedFanOut, inDependencyOrder } from './schedule.ts';
import { LandfallEntity, LandfallPhase, LandfallRun, LandfallWaiting } from './search-attributes.ts';
import { stepsFor } from './steps.ts';
import type { Sides } from './summaries.ts';

/**
 * Events that an execution adds in any case. What it begins with may be so much that the server suggests to continue as
 * new at once: without this a run would do nothing else.
 */
const EventsAtLeast = 100;
/** Events after which a run continues as new although it replays rejects, and then goes on as if all were loaded anew. */
const EventsAtMost = 20_000;

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
  readonly overview: Overview;
  readonly knowledge: Knowledge;
  readonly memory: Memory;
  readonly marks: Readonly<Record<MarkName, Marks>>;
  readonly children = new Set<string>();
  readonly #input: MigrationInput;
  /** Events that there were when the work of this execution began. */
  readonly #begun = workflowInfo().historyLength;
  readonly #byName: ReadonlyMap<string, EntityOutline>;
  /** Decisions under way. */
  deciding = 0;
  /** Why the source gives no snapshot, if it never will. */
  refused: RunFailure | null = null;

  constructor(input: MigrationInput, outline: PlanOutline) {
    const { carried } = input;
    this.#input = input;
    this.outline = outline;
    this.of = { run: input.run, plan: input.plan };
    this.sides = { source: outline.source, target: outline.target };
    this.steps = stepsFor(this.sides, outline.options);
    const { migration, mode } = outline;
    this.overview = new Overview({ ...opening(input), migration, mode }, outline.entities);
    this.knowledge = new Knowledge(this.of, this.steps, carried?.entities ?? null);
    this.memory = carried?.memory ?? blank();
    this.#byName = new Map(outline.entities.map((one) => [one.name, one]));
    const names = [...this.#byName.keys()];
    const marks = (name: MarkName): Marks => new Marks(names, carried?.marks[name]);
    this.marks = {
      through: marks('through'),
      nothingReady: marks('nothingReady'),
      overLimit: marks('overLimit'),
      heldBack: marks('heldBack'),
    };
  }

  get status(): RunStatus {
    return this.overview.run;
  }

  /** Entities that are through the stage. */
  get through(): Marks {
    return this.marks.through;
  }

  /** Reads back what earlier executions of this run knew of some entities, and of those that come up next. */
  async recall(names: readonly string[], next: Iterable<EntityOutline> = []): Promise<void> {
    await this.knowledge.recall(names, next);
    for (const name of names) this.#showCounts(name);
  }

  #showCounts(name: string): void {
    const rows = this.extractedRows(name);
    this.overview.change(name, { counts: totalOf(this.record(name).counts), rowsDue: rows, rowsDone: rows });
  }

  /** Rows that a step of an entity has to do with. */
  #rowsDue(name: string, step: ChunkStep): number {
    if (step === 'extract') return this.overview.entity(name).rowsDue;
    return step === 'load' ? inAll(this.overview.entity(name)).ready : this.extractedRows(name);
  }

  outlineOf(name: string): EntityOutline {
    const found = this.#byName.get(name);
    if (!found) throw new Error(`no entity ${name}`);
    return found;
  }

  record(name: string): EntityRecord {
    return this.knowledge.of(name);
  }

  learn(name: string, more: Partial<EntityRecord>): void {
    const before = totalOf(this.record(name).counts);
    this.knowledge.learn(name, more);
    if (!more.counts) return;
    const counts = totalOf(this.record(name).counts);
    this.overview.recount(inAll({ counts: before }), inAll({ counts }));
    const own = addCounts(counts[name] ?? {});
    const { refused, blocked, droppedReferences } = inAll({ counts });
    this.marks.nothingReady.set(name, own.extracted > 0 && own.ready === 0);
    this.marks.overLimit.set(name, this.overLimit(name).length > 0);
    this.marks.heldBack.set(name, refused + blocked + droppedReferences > 0);
    this.#showCounts(name);
  }

  /** Parts with a greater share of rejects than the blueprint lets pass. */
  overLimit(name: string): string[] {
    const { parts, rejectLimit } = this.outlineOf(name);
    const counts = totalOf(this.record(name).counts);
    return parts.filter((part) => {
      const c = addCounts(counts[part] ?? {});
      return c.extracted > 0 && c.rejected / c.extracted > rejectLimit;
    });
  }

  extractedRows(name: string): number {
    const { extract = {} } = this.record(name).counts;
    return this.outlineOf(name).parts.reduce((sum, part) => sum + (extract[part]?.extracted ?? 0), 0);
  }

  show(): void {
    this.status.updatedAt = new Date().toISOString();
    setCurrentDetails(runDetails(this.overview, this.through.size));
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
    const { entity, step, chunksDue, chunksDone } = told;
    const rowsDone = rowsThrough(told, this.overview.entity(entity).rowsDue);
    const counts = totalOf({ ...this.record(entity).counts, [step]: told.counts });
    this.overview.change(entity, { step, chunksDue, chunksDone, rowsDone, counts });
    this.show();
  }

  /** The holder of a snapshot says that it is gone. */
  losesLease(epoch: number, refused: RunFailure | null): void {
    if (epoch !== this.memory.lease || !this.memory.holding) return;
    this.memory.holding = false;
    this.refused = refused;
  }

  idle(name: string): void {
    this.overview.change(name, { state: 'waiting', workflow: null });
    this.show();
  }

  /** Takes an entity through a step, all of its chunks, and keeps what came of it. */
  async take(name: string, step: ChunkStep, over: Partial<EntityInput> = {}): Promise<EntityOutcome> {
    await condition(() => !this.status.paused);
    const { title } = this.outlineOf(name);
    const record = this.record(name);
    const due = over.chunks ?? (step === 'extract' || step === 'regroup' ? record.chunks : record.partitions);
    const lease = over.lease === undefined ? '' : `/${over.lease ?? 0}`;
    const replay = this.status.replays.length === 0 ? '' : `/replay-${this.status.replays.length}`;
    const workflowId = `${this.of.run}/${name}/${step}${lease}${replay}`;
    this.children.add(workflowId);
    const rowsDue = this.#rowsDue(name, step);
    const begun = { step, state: 'running', workflow: workflowId, chunksDue: due, chunksDone: 0 } as const;
    this.overview.change(name, { ...begun, rowsDue, rowsDone: 0 });
    this.show();
    try {
      const outcome = await executeChild(entityWorkflow, {
        workflowId,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `${title}: ${step}`,
        staticDetails: stepDetails(step, this.of.run),
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
      this.overview.change(name, { chunksDone: due, rowsDone: rowsDue });
      const ledgers = { ...this.record(name).ledgers, [step]: outcome.ledger };
      if (!outcome.complete) this.learn(name, { ledgers });
      else {
        const counts = { ...this.record(name).counts, [step]: outcome.counts };
        if (step === 'transform') requireSameRows(name, counts.extract ?? {}, outcome.counts);
        this.learn(name, { ledgers, counts });
      }
      return outcome;
    } catch (error) {
      if (!isCancellation(error)) this.overview.change(name, { state: 'failed' });
      throw error;
    } finally {
      this.children.delete(workflowId);
      this.show();
    }
  }

  /** Whether this execution's history is long enough: what is in work ends, then the run continues as new. */
  tired(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    const replaying = this.status.replays.some((one) => one.outcome === 'running');
    if (replaying) return historyLength > EventsAtMost;
    return continueAsNewSuggested && historyLength > this.#begun + EventsAtLeast;
  }

  /** Continues as new, with no child open, where history has grown long. */
  async rest(): Promise<void> {
    if (!this.tired()) return;
    await condition(() => this.deciding === 0 && allHandlersFinished());
    const entities = await this.knowledge.stage();
    // Decisions that were taken meanwhile count too: nothing may come between what is carried and the end.
    await condition(() => this.deciding === 0 && allHandlersFinished());
    const { phase, paused, report, signed, failure, replays, startedAt, totals } = this.status;
    const { through, nothingReady, overLimit, heldBack } = this.marks;
    const carried: Carried = {
      entities,
      memory: this.memory,
      phase,
      marks: {
        through: through.toString(),
        nothingReady: nothingReady.toString(),
        overLimit: overLimit.toString(),
        heldBack: heldBack.toString(),
      },
      totals,
      status: { paused, report, signed, failure, replays, startedAt },
    };
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
    const indexOf = new Map(due.map((one, index) => [one, index]));
    function* following(one: EntityOutline): Generator<EntityOutline> {
      for (let at = (indexOf.get(one) ?? 0) + 1; at < due.length; at += 1) {
        const next = due[at];
        if (next) yield next;
      }
    }
    const passing = async (one: EntityOutline): Promise<void> => {
      await this.recall([one.name], following(one));
      await work(one);
      this.through.set(one.name, true);
      this.idle(one.name);
      await this.knowledge.stageWhenMany();
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
