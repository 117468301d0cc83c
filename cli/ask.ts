import { setTimeout as sleep } from 'node:timers/promises';
import { QueryNotRegisteredError, type Client } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { AskAgain } from '../workflows/asking.ts';

/** Tries, and milliseconds between them: the news that stood in the way take that long to be handled. */
const Tries = 20;
const PauseMs = 250;

/** Asks a workflow, and again where it says that news were on their way. */
export async function ask<Answer>(
  client: Client,
  workflow: string,
  question: QueryDefinition<Answer>,
): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await client.workflow.getHandle(workflow).query(question);
    } catch (error) {
      // The SDK's name for any question that failed.
      const again = error instanceof QueryNotRegisteredError && error.message.includes(AskAgain);
      if (!again || tries === Tries) throw error;
    }
    await sleep(PauseMs);
  }
}
