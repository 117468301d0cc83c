import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Retrying, RunStatus } from '../model/run.ts';
import { failureOf } from '../workflows/failures.ts';
import { answersOf } from './ask.ts';

async function retryingIn(client: Client, workflow: string): Promise<Retrying[]> {
  const { failureConverter, payloadConverter } = client.options.loadedDataConverter;
  try {
    const { raw } = await client.workflow.getHandle(workflow).describe();
    return (raw.pendingActivities ?? []).flatMap(({ activityType, attempt, lastFailure }) => {
      if (!lastFailure) return [];
      const failure = failureOf(failureConverter.failureToError(lastFailure, payloadConverter));
      return [{ step: activityType?.name ?? '', workflow, tries: attempt ?? 0, failure }];
    });
  } catch (error) {
    // It has not started yet, or has just ended.
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/**
 * A run's status with what is tried again and why. A run that waits for space on a disk, or for a worker that was given the
 * right key, would else look like one that works.
 */
export async function withRetrying(client: Client, now: RunStatus): Promise<RunStatus> {
  const children = now.entities.flatMap(({ workflow }) => (workflow === null ? [] : [workflow]));
  const found = await answersOf([now.run, ...children].map((one) => retryingIn(client, one)));
  return { ...now, retrying: found.flat() };
}
