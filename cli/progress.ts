import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { rowsThrough, type RunStatus } from '../model/run.ts';
import { entityProgress, status } from '../workflows/messages.ts';
import { answersOf, ask } from './ask.ts';

/** The run's status, with the figures of what is at work asked of each entity itself. */
export async function readStatus(client: Client, run: string): Promise<RunStatus> {
  const now = await ask(client, run, status);
  await answersOf(
    now.entities.map(async (entity) => {
      if (entity.workflow === null) return;
      try {
        const told = await ask(client, entity.workflow, entityProgress);
        const rowsDone = rowsThrough(told, entity.rowsDue);
        Object.assign(entity, { chunksDone: told.chunksDone, chunksDue: told.chunksDue, rowsDone });
      } catch (error) {
        // It has not started yet.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }),
  );
  return now;
}
