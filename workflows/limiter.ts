import {
  allHandlersFinished,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { limiterDetails } from './details.ts';
import { askShare, limiterState, releaseShare } from './messages.ts';
import { emptyAccount, expire, grant, leave, type Account } from './shares.ts';

export interface LimiterInput {
  /** The connection's name, for the operator's page. */
  connection: string;
  /** How long it stays when nobody holds anything, in milliseconds. */
  idleMs: number;
  carried: Account | null;
}

/**
 * Shares one target account among whichever workers and migrations write to it, in grants that end by themselves. Its
 * state may be lost: the next to ask starts it anew, and for the length of one grant the account may see more than its
 * due.
 */
export async function limiter(input: LimiterInput): Promise<void> {
  const account = input.carried ?? emptyAccount();
  let heard = 0;
  let seen = 0;

  const show = (): void => setCurrentDetails(limiterDetails(input.connection, account, Date.now()));
  setHandler(askShare, (ask) => {
    heard += 1;
    const share = grant(account, ask, Date.now());
    show();
    return share;
  });
  setHandler(releaseShare, (holder) => {
    heard += 1;
    leave(account, holder);
    show();
  });
  setHandler(limiterState, () => account, { description: 'Who holds how much of the account.' });

  for (;;) {
    seen = heard;
    const stirred = await condition(() => heard > seen || workflowInfo().continueAsNewSuggested, input.idleMs, {
      summary: 'Ends when nobody has asked until then',
    });
    expire(account, Date.now());
    await condition(allHandlersFinished);
    if (!stirred && heard === seen && account.holders.length === 0) return;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof limiter>({ ...input, carried: account });
  }
}
