import type { WorkflowInterceptors, WorkflowInternalsInterceptor } from '@temporalio/workflow';
import { AskAgain } from './asking.ts';

/** The id that a question has which comes without a task of the workflow's own. */
const AskedDirectly = 'legacy_query';

/**
 * Refuses an answer, and so gives up the copy of a workflow that a worker keeps, where a question has fed it news which no
 * task has brought yet.
 *
 * A question that waited for a worker brings the history as it is then. If that ends in news whose task has not started, the
 * SDK's core (sdk-core 0.7, seen with 1.24.0 of the packages) applies them, and later the rest of the same task: the copy
 * has seen in two goes what every replay sees in one, where signals and updates come first. What it then asks of the server
 * may be what no replay would ask, and the workflow can never be replayed again.
 *
 * News of a task begin a new moment of the workflow's time; news without one do not.
 */
function givesUpReadAhead(): WorkflowInternalsInterceptor {
  let moment = '';
  let length = 0;
  let ahead = false;
  return {
    activate(input, next) {
      const { jobs, timestamp, historyLength } = input.activation;
      const question = jobs?.find((job) => job.queryWorkflow)?.queryWorkflow;
      if (question) {
        if (ahead && question.queryId === AskedDirectly) throw new Error(AskAgain);
        return next(input);
      }
      const now = `${timestamp?.seconds?.toString() ?? ''}.${timestamp?.nanos ?? 0}`;
      const events = historyLength ?? 0;
      if (now !== moment) ahead = false;
      else if (events > length) ahead = true;
      moment = now;
      length = events;
      return next(input);
    },
  };
}

export const interceptors = (): WorkflowInterceptors => ({ internals: [givesUpReadAhead()] });
