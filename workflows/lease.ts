import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  sleep,
} from '@temporalio/workflow';
import type { RunRef } from '../activities/contract.ts';
import type { RunOptions } from '../model/options.ts';
import { leaseDetails } from './details.ts';
import { failureOf, isRefusal } from './failures.ts';
import { leaseHeld, leaseLost } from './messages.ts';
import { holdingSteps } from './steps.ts';
import type { Sides } from './summaries.ts';

export interface LeaseInput extends RunRef {
  epoch: number;
  sides: Sides;
  options: RunOptions;
}

/** Ends when the run can no longer be reached. */
async function untilOver(input: LeaseInput): Promise<void> {
  const run = getExternalWorkflowHandle(input.run);
  for (;;) {
    await sleep(input.options.leaseWatchMs, { summary: 'Before looking whether the run goes on' });
    try {
      await run.signal(leaseHeld, input.epoch);
    } catch (error) {
      if (isCancellation(error)) throw error;
      return;
    }
  }
}

/**
 * Holds the source's snapshot until cancelled. A workflow of its own, because reading thousands of entities is longer
 * than one execution of their run may be, and a step ends with the execution that called it. A run that was terminated
 * cancels nothing: so it is looked for now and then.
 */
export async function lease(input: LeaseInput): Promise<void> {
  setCurrentDetails(leaseDetails(input.epoch, input.sides.source, input.run));
  const { run, plan, epoch } = input;
  const holding = new CancellationScope();
  const held = holding.run(() => holdingSteps(input.sides, input.options).holdLease({ run, plan, epoch }));
  let refused: unknown = null;
  try {
    await Promise.race([held, untilOver(input)]);
  } catch (error) {
    refused = error;
  }
  // The snapshot is given back before this ends, however it came to that.
  holding.cancel();
  await held.catch(() => {});
  if (isCancellation(refused)) return;
  const lost = { epoch, refused: isRefusal(refused) ? failureOf(refused) : null };
  await getExternalWorkflowHandle(run)
    .signal(leaseLost, lost)
    .catch(() => {});
}
