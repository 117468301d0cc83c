import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AssertedDecision, EntityRecord } from '../activities/contract.ts';
import type { ChunkStep, CountsByPart, RunFailure, RunStatus } from '../model/run.ts';
import type { Account, Share, ShareAsk } from './shares.ts';

/** What came of a decision: who made it and under which number the evidence keeps it. */
export interface DecisionOutcome {
  person: string;
  decision: string;
  record: number;
}

/** An owner signs the report, or refuses to. */
export const signOff = defineUpdate<DecisionOutcome, [AssertedDecision]>('signOff');
/** An engineer decides at the quality gate: load all the same, or abort. */
export const decideGate = defineUpdate<DecisionOutcome, [AssertedDecision]>('decideGate');
/** No further chunk is started; those in work end. */
export const pause = defineUpdate<DecisionOutcome, [AssertedDecision]>('pause');
export const resume = defineUpdate<DecisionOutcome, [AssertedDecision]>('resume');
/** Ends the run. What is staged and what is in the target stays, for a later run or for undo. */
export const abort = defineUpdate<DecisionOutcome, [AssertedDecision]>('abort');
/** Takes rows that are held back through the steps again, with a person's corrections where there are any. */
export const replay = defineUpdate<DecisionOutcome, [AssertedDecision]>('replay');
export const status = defineQuery<RunStatus>('status');
/** Where what is known of the entities is staged, if it is yet, and what was learnt since. */
export interface Whereabouts {
  staged: string | null;
  since: Record<string, EntityRecord>;
}
/** By this the command finds what is staged of each entity. */
export const records = defineQuery<Whereabouts>('records');

/** How far an entity is, told to its migration every few seconds at most. */
export interface Progress {
  entity: string;
  step: ChunkStep;
  chunksDue: number;
  chunksDone: number;
  counts: CountsByPart;
}
export const progress = defineSignal<[Progress]>('progress');
/** The source's snapshot is gone; where it could not be had in the first place, and never will, with the reason. */
export const leaseLost = defineSignal<[{ epoch: number; refused: RunFailure | null }]>('leaseLost');
/** The holder of the snapshot looks whether the run that it holds it for still goes on. */
export const leaseHeld = defineSignal<[number]>('leaseHeld');
/** From a migration to its entities. */
export const setPaused = defineSignal<[boolean]>('setPaused');
/** An entity's own figures, for a watcher who does not want to wait for the next `progress`. */
export const entityProgress = defineQuery<Progress>('progress');

/** A worker asks for its share of a target's account, and says how much of the last one it still uses. */
export const askShare = defineUpdate<Share, [ShareAsk]>('askShare');
/** A worker has nothing more to send. */
export const releaseShare = defineSignal<[string]>('releaseShare');
/** Who holds how much of the account. */
export const limiterState = defineQuery<Account>('state');
