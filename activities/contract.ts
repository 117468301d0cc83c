import type { EntityOutline, PlanOutline } from '../model/plan.ts';
import type { ChunkResult, ChunkStep, CountsByPart, CountsByStep, Step } from '../model/run.ts';

/**
 * The steps that workflows call. Names, numbers, codes and digests cross this line, never rows, keys or secrets.
 * Each step reads immutable files and writes immutable files, so that any of them may be done again at any time.
 */

/** Which run, under which frozen plan. */
export interface RunRef {
  run: string;
  plan: string;
}

/** One entity of a run. */
export interface EntityRef extends RunRef {
  entity: string;
}

/** The ledgers that a step reads: for each earlier step the digest of its staged list of manifests. */
export type Ledgers = Partial<Record<Step, string>>;

/** One chunk (or partition) of one entity, to be taken through one step. */
export interface ChunkTask extends EntityRef {
  step: ChunkStep;
  chunk: number;
  ledgers: Ledgers;
  /** The lease under which the source is read. */
  lease: number | null;
  /** The digest of the chunk plan, for `extract`. */
  chunkPlan: string | null;
  /** The digest of the ledger of an earlier passage through this step, whose chunks may still stand. */
  prior: string | null;
  /** How many partitions the entity is regrouped into. */
  partitions: number;
  /** Ledger digests of the entities that this one refers to, for `load` and `references`. */
  crosswalks: Record<string, string>;
}

/** Corrections that were replayed: the digest they are staged under, and who asked. */
export interface CorrectionsMade {
  digest: string;
  by: string;
}

/** What a run knows of one entity: staged, so that neither history nor a continued run has to carry it for all. */
export interface EntityRecord {
  ledgers: Ledgers;
  counts: CountsByStep;
  /** Chunks that were extracted, and units of load: the same unless the entity regroups. */
  chunks: number;
  partitions: number;
  chunkPlan: string | null;
  /** The digest of the crosswalk, once it is sealed. */
  crosswalk: string | null;
}

/**
 * An entity as a page of the plan holds it: those that it refers to by their numbers in the plan's order. Every execution
 * of a run reads all pages, and with the names of thousands, again and again, there would be room for nothing else.
 */
export type PagedEntity = Omit<EntityOutline, 'loadAfter' | 'pointsAt'> & { loadAfter: number[]; pointsAt: number[] };

/** What a workflow needs of a plan, with some of its entities; the next ones start at number `next`, null after the last. */
export interface PlanPage {
  outline: Omit<PlanOutline, 'entities'>;
  entities: PagedEntity[];
  next: number | null;
}

export interface ChunkPlanned {
  chunkPlan: string;
  chunks: number;
  /** Rows that the source's catalogue or a count expects, by part. */
  rowsDue: number;
}

export interface LedgerEntry {
  chunk: number;
  manifest: string;
}

export interface Sealed {
  digest: string;
  counts: CountsByPart;
}

export interface ReportMade {
  digest: string;
  verdict: 'whole' | 'differs' | 'unverified';
  /** Rows compared, differences, missing, unexpected: figures for the operator's page. */
  rowsCompared: number;
  differences: number;
  missing: number;
  unexpected: number;
  position: string;
  asAt: string;
}

/** What is decided about a run by asking the run. */
export type DecisionAction = 'sign-off' | 'quality-gate' | 'pause' | 'resume' | 'abort' | 'replay';
/** What a person may assert; a run that has ended is not asked any more. */
export type AssertedAction = DecisionAction | 'dispose';

/** A person's decision, asserted with the person's own key. */
export interface AssertedDecision {
  action: DecisionAction;
  /** A compact JWS (EdDSA): who, for which run, what, on which digest, with nonce and expiry. */
  assertion: string;
}

/** A decision as a run asks whether it counts. */
export interface DecisionAsked {
  decision: AssertedDecision;
  /** What the run takes it to be about, where it is about one thing. */
  about: string | null;
  startedBy: string;
  verdict: string | null;
  /** Tells this question from all others, however often the step is tried. */
  asked: string;
}

export interface DecisionAccepted {
  person: string;
  decision: string;
  /** The digest that the person named, where the decision is about one. */
  about: string | null;
  /** The number of the evidence record. */
  record: number;
}

export interface Activities {
  /**
   * Reads the plan and tells the workflow what it needs of it, with those entities from number `from` on that fit one
   * payload.
   */
  openPlan(of: RunRef & { from: number }): Promise<PlanPage>;
  /** Proves that the source still is what the plan was made for. */
  assessSource(of: RunRef): Promise<void>;
  /** Proves that the target still is what the plan was made for, and that no other run works on it. */
  assessTarget(of: RunRef): Promise<void>;
  /** Reads the target's reference data into staging. */
  stageLookups(of: RunRef): Promise<void>;
  /** Holds the source's snapshot until cancelled. Long; beats. */
  holdLease(of: RunRef & { epoch: number }): Promise<void>;
  /** Waits until a lease can be read from, or says that it cannot. */
  awaitLease(of: RunRef & { epoch: number }): Promise<void>;
  planChunks(of: EntityRef & { lease: number | null }): Promise<ChunkPlanned>;

  extractChunk(task: ChunkTask): Promise<ChunkResult>;
  regroupChunk(task: ChunkTask): Promise<ChunkResult>;
  transformChunk(task: ChunkTask): Promise<ChunkResult>;
  loadChunk(task: ChunkTask): Promise<ChunkResult>;
  setReferences(task: ChunkTask): Promise<ChunkResult>;
  moveAttachments(task: ChunkTask): Promise<ChunkResult>;
  readBackPages(task: ChunkTask): Promise<ChunkResult>;

  /** Adds entries to a step's ledger and gives the digest of the new one. */
  writeLedger(
    of: EntityRef & { step: Step; previous: string | null; entries: LedgerEntry[] },
  ): Promise<{ digest: string }>;
  /**
   * After a transform: no two ready rows may share a legacy key, and every row of an earlier load (`crosswalk`) must
   * still be among them.
   */
  sealTransform(of: EntityRef & { ledgers: Ledgers; crosswalk: string | null }): Promise<Sealed>;
  /** After a load: receipts become a crosswalk that costs the same to look up however many chunks there were. */
  sealLoad(of: EntityRef & { ledgers: Ledgers }): Promise<Sealed>;
  /** Asks the source for the controls' figures, in the snapshot that was extracted. */
  measureSource(of: RunRef & { lease: number | null }): Promise<{ digest: string }>;
  /** Adds what is known of some entities to what is staged of all. @returns the digest of the whole */
  recordEntities(
    of: RunRef & { previous: string | null; entities: Record<string, EntityRecord> },
  ): Promise<{ digest: string }>;
  /** What is staged of some entities. */
  recallEntities(
    of: RunRef & { entities: string; names: string[] },
  ): Promise<{ entities: Record<string, EntityRecord> }>;
  /** Compares everything that was read back with what was meant, computes the controls, and seals the report. */
  reconcile(
    of: RunRef & { entities: string; sourceFigures: string; corrections: CorrectionsMade[]; startedAt: string },
  ): Promise<ReportMade>;

  /** Puts a person's corrections over extracted rows. @returns the ledger of corrected chunks of each entity touched */
  applyCorrections(
    of: RunRef & { entities: string; corrections: string },
  ): Promise<{ ledgers: Record<string, string> }>;

  /** Verifies an assertion, appends it to the evidence, and says what was decided. */
  acceptDecision(of: RunRef & DecisionAsked): Promise<DecisionAccepted>;
  /** Makes the source refuse writes, and proves it by trying one. */
  freezeSource(of: RunRef): Promise<void>;
  /** Proves that the source refused writes for as long as it was read. */
  proveFrozen(of: RunRef): Promise<void>;
  /** Lets the source take writes again. */
  thawSource(of: RunRef): Promise<void>;
  /** Proves, chunk by chunk, that the frozen source still holds what was extracted. */
  proveUnchanged(of: RunRef & { entities: string }): Promise<void>;
  /** The switch: the target is marked live. */
  goLive(of: RunRef & { report: string; record: number }): Promise<void>;
  /** Removes staged files that no accepted manifest names. */
  collect(of: RunRef & { entities: string }): Promise<{ files: number; bytes: number }>;
}
