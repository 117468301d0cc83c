import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, QueryNotRegisteredError, ServiceError, type Client } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { LandfallError } from '../model/errors.ts';
import { AskAgain } from '../workflows/asking.ts';

/** Milliseconds between two tries: the news that stood in the way take that long to be handled. */
const PauseMs = 250;
/** A worker that was killed is waited for for ten seconds by the server before the next one is asked. */
const PatienceMs = 30_000;

/** gRPC's codes for an answer that did not come in time (CANCELLED, DEADLINE_EXCEEDED). */
const Late: readonly number[] = [1, 4];
const isLate = (error: unknown): boolean =>
  error instanceof ServiceError && isGrpcServiceError(error.cause) && Late.includes(error.cause.code);

/** The SDK's name for any question that failed. */
const isEarly = (error: unknown): boolean =>
  error instanceof QueryNotRegisteredError && error.message.includes(AskAgain);

/**
 * Asks a workflow, and again where it says that news were on their way, or where its worker has just gone.
 *
 * @throws LandfallError `run.silent` where no worker answers
 */
export async function ask<Answer>(
  client: Client,
  workflow: string,
  question: QueryDefinition<Answer>,
  patienceMs = PatienceMs,
): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await client.workflow.getHandle(workflow).query(question);
    } catch (error) {
      if (!isEarly(error) && !isLate(error)) throw error;
      if (Date.now() > deadline) {
        throw new LandfallError({
          code: 'run.silent',
          kind: 'transient',
          what: 'No worker answers for the run.',
          where: { run: workflow },
          hint: 'See that `landfall worker` runs with this configuration; a run goes on where it was as soon as one does.',
          cause: error,
        });
      }
    }
    await sleep(PauseMs);
  }
}

/**
 * The answers to questions that were asked side by side, once the last of them has been answered or given up: the client
 * tries again by a timer, and one that goes off after the connection was closed ends the process.
 *
 * @throws the first failure
 */
export async function answersOf<T>(questions: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(questions);
  return Promise.all(questions);
}
