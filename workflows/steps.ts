import { ActivityCancellationType, proxyActivities, type ActivityInterfaceFor } from '@temporalio/workflow';
import type { Activities } from '../activities/contract.ts';
import type { RunOptions } from '../model/options.ts';

/** Kinds of failure that a retry cannot mend. Activities translate connectors' errors into these types. */
export const PermanentFailures = ['permanent', 'unauthorised', 'lease.lost'];

/** The steps with the time-outs and the patience that the plan states. */
export function stepsFor(options: RunOptions): ActivityInterfaceFor<Activities> {
  return proxyActivities<Activities>({
    startToCloseTimeout: options.stepTimeoutMs,
    heartbeatTimeout: options.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: options.retryFirstMs,
      maximumInterval: options.retryLongestMs,
      backoffCoefficient: 2,
      maximumAttempts: options.retryTries,
      nonRetryableErrorTypes: PermanentFailures,
    },
  });
}

/** The first step of all, before the plan's own durations are known. */
export const openingSteps = proxyActivities<Pick<Activities, 'openPlan'>>({
  startToCloseTimeout: 60_000,
  retry: { initialInterval: 500, maximumInterval: 10_000, nonRetryableErrorTypes: PermanentFailures },
});

/** Steps that hold something for as long as the run needs it: they end by being cancelled, and are not tried again. */
export function holdingSteps(options: RunOptions): ActivityInterfaceFor<Pick<Activities, 'holdLease'>> {
  return proxyActivities<Pick<Activities, 'holdLease'>>({
    startToCloseTimeout: '90 days',
    heartbeatTimeout: options.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { maximumAttempts: 1 },
  });
}
