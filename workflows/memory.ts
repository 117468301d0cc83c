import { workflowInfo } from '@temporalio/workflow';
import type { CorrectionsMade } from '../activities/contract.ts';
import { noCounts, type Counts, type Phase, type RunStatus } from '../model/run.ts';

/** What a run does in turn. Finer than the phases that people see. */
export type Stage =
  | 'assess'
  | 'extract'
  | 'transform'
  | 'quality-gate'
  | 'load'
  | 'refer'
  | 'attach'
  | 'read-back'
  | 'reconcile'
  | 'sign-off'
  | 'cut-over'
  | 'collect';

/** What a run remembers from one stage to the next, besides its status and what it knows of its entities. */
export interface Memory {
  stage: Stage;
  /** The last lease of the source that was opened. */
  lease: number;
  /** Whether that lease is held, as far as this run knows. */
  holding: boolean;
  /** The digest of the figures that the source gave. */
  sourceFigures: string;
  corrections: CorrectionsMade[];
  /** What an engineer decided at the quality gate. */
  gate: string | null;
  /** The evidence record of the signature. */
  signature: number;
  /** Whether the source refuses writes on this run's account. */
  frozen: boolean;
  /** Whether the target may be the system of record: then the source stays frozen. */
  switched: boolean;
}

export function blank(): Memory {
  return {
    stage: 'assess',
    lease: 0,
    holding: false,
    sourceFigures: '',
    corrections: [],
    gate: null,
    signature: -1,
    frozen: false,
    switched: false,
  };
}

/**
 * What is so of an entity: `through` the stage; without a row that is ready, `nothingReady`; with more rejects than its
 * blueprint allows, `overLimit`; with rows that did not get into the target as they were meant to, `heldBack`.
 */
export type MarkName = 'through' | 'nothingReady' | 'overLimit' | 'heldBack';

/** What a run takes along when it continues as new; what it knows of its entities is staged. */
export interface Carried {
  /** The digest of what is staged. */
  entities: string;
  memory: Memory;
  phase: Phase;
  /** Which entities are through the stage, which had nothing ready, and so on: see `Marks`. */
  marks: Record<MarkName, string>;
  totals: Counts;
  status: Pick<RunStatus, 'paused' | 'report' | 'signed' | 'failure' | 'replays' | 'startedAt'>;
}

export interface MigrationInput {
  run: string;
  plan: string;
  /** Who started the run: nobody signs their own. */
  startedBy: string;
  carried?: Carried;
}

/** A run's status before its plan is open. */
export function opening(input: MigrationInput): RunStatus {
  const startedAt = new Date(workflowInfo().startTime).toISOString();
  return {
    run: input.run,
    migration: '',
    mode: 'rehearsal',
    plan: input.plan,
    phase: 'assess',
    paused: false,
    waiting: null,
    entities: [],
    entitiesInAll: 0,
    totals: input.carried?.totals ?? noCounts(),
    report: null,
    signed: null,
    failure: null,
    replays: [],
    startedAt,
    updatedAt: startedAt,
    ...input.carried?.status,
    ...(input.carried ? { phase: input.carried.phase } : {}),
  };
}
