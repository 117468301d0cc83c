import { activityInfo, Context, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, WorkflowNotFoundError } from '@temporalio/common';
import { LandfallError } from '../model/errors.ts';
import { assessSource, assessTarget, openPlan, stageLookups } from './assess.ts';
import { moveAttachments } from './attachments.ts';
import type { Activities, RunRef } from './contract.ts';
import { sealLoad } from './crosswalk.ts';
import { collect, freezeSource, goLive, proveFrozen, proveUnchanged, thawSource } from './cut-over.ts';
import { acceptDecision } from './decisions.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { applyCorrections } from './corrections.ts';
import { recallEntities, writeLedger, writeRecords } from './documents.ts';
import { extractChunk, planChunks } from './extract.ts';
import { putFailure } from './failures.ts';
import { awaitLease, holdLease } from './lease.ts';
import { loadChunk } from './load.ts';
import { measureSource } from './measure.ts';
import { readBackPages } from './read-back.ts';
import { reconcile } from './reconcile.ts';
import { regroupChunk } from './regroup.ts';
import { setReferences } from './references.ts';
import { sealTransform } from './seal.ts';
import { transformChunk } from './transform.ts';

/** Heartbeats of a step that has nothing to count, in milliseconds. */
const QuietBeatMs = 2_000;

/**
 * What crosses Temporal of a failure: its code, a place, what to do, and an opaque id. Driver messages, keys and values
 * stay in staging, encrypted, under that id.
 */
async function translated(deps: Dependencies, of: RunRef, error: unknown): Promise<unknown> {
  // Whatever a step says that was told to stop, it says because of that; its own error would cross as it is.
  const { aborted, reason } = Context.current().cancellationSignal;
  if (aborted) return reason instanceof CancelledFailure ? reason : new CancelledFailure('CANCELLED');
  const known = error instanceof LandfallError ? error : null;
  const confidential =
    known?.confidential ?? (known ? null : error instanceof Error ? (error.stack ?? error.message) : String(error));
  let id: string | null = null;
  if (confidential !== null) {
    const failure = { code: known?.code ?? 'unexpected', at: deps.now().toISOString(), confidential };
    // A failure that cannot be staged must not hide the failure itself.
    id = await deps
      .staging(of.run)
      .then((staging) => putFailure(staging, failure))
      .catch(() => null);
  }
  if (!known) {
    return ApplicationFailure.create({
      type: 'unexpected',
      message: `A step failed in a way that Landfall did not expect. Details are staged${id === null ? '' : ` under ${id}`}.`,
      details: [{ code: 'unexpected', hint: 'Look at it with `landfall status RUN --failure`.', staged: id }],
    });
  }
  const retry =
    known.kind === 'throttled' && known.retryAfterMs !== undefined ? { nextRetryDelay: known.retryAfterMs } : {};
  return ApplicationFailure.create({
    type: known.code === 'lease.lost' ? known.code : known.kind,
    message: `${known.code}: ${known.what} ${known.hint}`,
    details: [{ code: known.code, what: known.what, where: known.where, hint: known.hint, staged: id }],
    nonRetryable: known.kind === 'permanent',
    ...retry,
  });
}

/** What a worker's log says of a failure: as much as crosses. */
function toldOf(failure: ApplicationFailure): Record<string, unknown> {
  const { code, where, hint } = (failure.details?.[0] ?? {}) as Record<string, unknown>;
  return { code: code ?? failure.type, where, hint };
}

/** Whether a run is under way. Temporal says so of the run itself: its lists of runs are behind. */
async function isOpen(run: string): Promise<boolean> {
  try {
    return (await Context.current().client.workflow.getHandle(run).describe()).closeTime === undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** The steps as Temporal runs them: heartbeats, cancellation and failures translated, nothing else. */
export function createActivities(deps: Dependencies): Activities {
  const step =
    <In extends RunRef, Out>(work: (deps: Dependencies, input: In, beat: Beat) => Promise<Out>) =>
    async (input: In): Promise<Out> => {
      let done = 0;
      const beat: Beat = {
        signal: Context.current().cancellationSignal,
        beat: (count) => {
          done = count ?? done;
          heartbeat(done);
        },
      };
      // A long query says nothing while it runs; the process that runs it is alive all the same.
      const timer = setInterval(() => heartbeat(done), QuietBeatMs);
      try {
        return await work(deps, input, beat);
      } catch (error) {
        const failure = await translated(deps, input, error);
        if (failure instanceof ApplicationFailure)
          log.warn('step failed', { activity: activityInfo().activityType, ...toldOf(failure) });
        throw failure;
      } finally {
        clearInterval(timer);
      }
    };

  return {
    openPlan: step(openPlan),
    assessSource: step(assessSource),
    assessTarget: step((of, input, beat) => assessTarget(of, input, beat, isOpen)),
    stageLookups: step(stageLookups),
    holdLease: step(holdLease),
    awaitLease: step(awaitLease),
    planChunks: step(planChunks),
    extractChunk: step(extractChunk),
    regroupChunk: step(regroupChunk),
    transformChunk: step(transformChunk),
    loadChunk: step(loadChunk),
    setReferences: step(setReferences),
    moveAttachments: step(moveAttachments),
    readBackPages: step(readBackPages),
    writeLedger: step(async (of, input) => ({ digest: await writeLedger(await of.staging(input.run), input) })),
    sealTransform: step(sealTransform),
    sealLoad: step(sealLoad),
    measureSource: step(measureSource),
    recordEntities: step(async (of, input) => ({ digest: await writeRecords(await of.staging(input.run), input) })),
    recallEntities: step(recallEntities),
    applyCorrections: step(applyCorrections),
    reconcile: step(reconcile),
    acceptDecision: step(acceptDecision),
    freezeSource: step(freezeSource),
    proveFrozen: step(proveFrozen),
    thawSource: step(thawSource),
    proveUnchanged: step(proveUnchanged),
    goLive: step(goLive),
    collect: step(collect),
  };
}

export type { Activities, Dependencies };
