import { createHash } from 'node:crypto';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { limiter } from '../workflows/limiter.ts';
import { askShare, releaseShare } from '../workflows/messages.ts';
import type { ShareSource } from './gate.ts';

/** Grants that an account goes without anybody asking before its limiter ends. */
const IdleGrants = 6;

/** The workflow id of an account's limiter. What identifies the account may be a secret to others: only its digest shows. */
export function limiterId(account: string): string {
  return `limiter/${createHash('sha256').update(account).digest('hex').slice(0, 24)}`;
}

/**
 * Shares of an account from its limiter workflow, which starts with the first question.
 *
 * @param account what tells the account from others, the same in every process that writes to it
 */
export function limiterShares(
  client: Client,
  of: { account: string; connection: string; taskQueue: string; grantMs: number },
): ShareSource {
  const workflowId = limiterId(of.account);
  return {
    ask: (ask) =>
      client.workflow.executeUpdateWithStart(askShare, {
        args: [ask],
        startWorkflowOperation: new WithStartWorkflowOperation(limiter, {
          workflowId,
          workflowIdConflictPolicy: 'USE_EXISTING',
          taskQueue: of.taskQueue,
          staticSummary: `Account of ${of.connection}`,
          staticDetails: 'Shares what the target takes among all that write to it. Starts and ends by itself.',
          args: [{ connection: of.connection, idleMs: of.grantMs * IdleGrants, carried: null }],
        }),
      }),
    release: (holder) => client.workflow.getHandle(workflowId).signal(releaseShare, holder),
  };
}
