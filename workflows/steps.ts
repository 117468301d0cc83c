import {
  ActivityCancellationType,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
  type ActivityInterfaceFor,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Activities } from '../activities/contract.ts';
import type { RunOptions } from '../model/options.ts';
import { queueOf, rowQueueOf, type Role } from '../model/queues.ts';
import { summaries, type Sides } from './summaries.ts';

/** Kinds of failure that a retry cannot mend. Activities translate connectors' errors into these types. */
export const PermanentFailures = ['permanent', 'lease.lost'];

/** Which side each step talks to; those that are not here only touch staging. */
const sides = {
  assessSource: 'source',
  holdLease: 'source',
  planChunks: 'source',
  extractChunk: 'source',
  measureSource: 'source',
  freezeSource: 'source',
  proveFrozen: 'source',
  thawSource: 'source',
  proveUnchanged: 'source',
  assessTarget: 'target',
  stageLookups: 'target',
  loadChunk: 'target',
  setReferences: 'target',
  moveAttachments: 'target',
  readBackPages: 'target',
  reconcile: 'target',
  goLive: 'target',
} as const satisfies Partial<Record<keyof Activities, Role>>;

/** Steps that work on one chunk or part of many, whose number is what workers are started for. */
const rowSteps: ReadonlySet<string> = new Set<keyof Activities>([
  'extractChunk',
  'regroupChunk',
  'transformChunk',
  'loadChunk',
  'setReferences',
  'readBackPages',
]);

function onItsQueue<Names extends keyof Activities>(
  of: Sides,
  options: ActivityOptions,
): ActivityInterfaceFor<Pick<Activities, Names>> {
  const base = workflowInfo().taskQueue;
  const optionsOf = (name: keyof Activities): ActivityOptions => {
    const role = name in sides ? sides[name as keyof typeof sides] : null;
    const summary = summaries[name]?.(of);
    const queue = role === null ? base : queueOf(base, role, of[role]);
    return {
      ...options,
      taskQueue: rowSteps.has(name) ? rowQueueOf(queue) : queue,
      ...(summary === undefined ? {} : { summary }),
    };
  };
  const made = new Map<string, unknown>();
  return new Proxy(proxyActivities<Activities>(options), {
    get(_shared, name: keyof Activities) {
      if (!made.has(name)) made.set(name, proxyActivities<Activities>(optionsOf(name))[name]);
      return made.get(name);
    },
  });
}

/** The steps on the queues of the systems that they talk to, with the time-outs and the patience that the plan states. */
export function stepsFor(of: Sides, options: RunOptions): ActivityInterfaceFor<Activities> {
  return onItsQueue<keyof Activities>(of, {
    startToCloseTimeout: options.stepTimeoutMs,
    heartbeatTimeout: options.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: options.retryFirstMs,
      maximumInterval: options.retryLongestMs,
      backoffCoefficient: 2,
      ...(options.retryTries === null ? {} : { maximumAttempts: options.retryTries }),
      nonRetryableErrorTypes: PermanentFailures,
    },
  });
}

/** The first step of all, before the plan's own durations are known. */
export const openingSteps = proxyActivities<Pick<Activities, 'openPlan'>>({
  startToCloseTimeout: 60_000,
  summary: 'Opens the plan',
  retry: { initialInterval: 500, maximumInterval: 10_000, nonRetryableErrorTypes: PermanentFailures },
});

/** Steps that hold something for as long as the run needs it: they end by being cancelled, and are not tried again. */
export function holdingSteps(of: Sides, options: RunOptions): ActivityInterfaceFor<Pick<Activities, 'holdLease'>> {
  return onItsQueue<'holdLease'>(of, {
    startToCloseTimeout: '90 days',
    heartbeatTimeout: options.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { maximumAttempts: 1 },
  });
}

/** How long a step may take that is done within the workflow's own task: about half of what Temporal gives such a task. */
const WithinTaskMs = 5_000;

/**
 * Writes a ledger within the workflow's own task: it is one small file, and a step of its own costs the server more than
 * the file. Where that does not succeed at once it becomes such a step, with all its patience, and seen by operators.
 */
export async function writeLedger(
  steps: ActivityInterfaceFor<Activities>,
  input: Parameters<Activities['writeLedger']>[0],
  summary: string,
): ReturnType<Activities['writeLedger']> {
  if (patched('ledger-within-task')) {
    const within = proxyLocalActivities<Pick<Activities, 'writeLedger'>>({
      startToCloseTimeout: WithinTaskMs,
      summary,
      retry: { maximumAttempts: 1 },
    });
    try {
      return await within.writeLedger(input);
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }
  return steps.writeLedger.executeWithOptions({ summary }, [input]);
}
