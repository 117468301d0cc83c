import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { RowOutcome, TargetCall, TargetDocument } from '../port.ts';
import type { Catalogue } from './catalogue.ts';
import { compose, refusal, uncertain, type Composed, type Mode } from './compose.ts';
import { isAboutRow, next, said } from './judge.ts';
import type { Session } from './session.ts';
import { transacted, type Transacted } from './transacted.ts';
import { BatchWork } from './transaction.ts';

/**
 * Writes documents in one transaction: the rows are copied into a temporary table of the connection, and one statement
 * for each collection takes them from there. A row that the target refuses is taken back to a savepoint and found by
 * halving; a document's rows fall together. Smaller transactions are tried only where the whole could not be done.
 */
export async function writeBatch(
  session: Session,
  catalogue: Catalogue,
  documents: readonly TargetDocument[],
  mode: Mode,
  call: TargetCall,
): Promise<RowOutcome[]> {
  const outcomes: RowOutcome[] = [];
  let sent = false;
  const queue = packed(documents).map((group) => ({ documents: group, attempt: 1, waitMs: 0 }));
  for (let job = queue.shift(); job; job = queue.shift()) {
    if (job.waitMs > 0) await sleep(job.waitMs, undefined, call.signal ? { signal: call.signal } : {});
    const result = await compose(catalogue, job.documents, mode, { connection: session.name }).then(
      (batch) => transacted(session, call, (client) => worked(client, batch)),
      (error: unknown): Transacted<BatchWork> => ({ kind: 'failed', error }),
    );
    if (result.kind !== 'failed') {
      outcomes.push(...heard(result.done, result.kind === 'unanswered' ? 'the connection broke during COMMIT' : null));
      sent = true;
      continue;
    }
    const { error } = result;
    const what = next(error);
    if (what.kind === 'again' && job.attempt < session.settings.target.tries) {
      queue.unshift({ ...job, attempt: job.attempt + 1, waitMs: what.waitMs * job.attempt });
      continue;
    }
    const [only] = job.documents;
    if (what.kind === 'split' && job.documents.length > what.least) {
      const half = Math.ceil(job.documents.length / 2);
      const part = (from: number, to?: number) => ({
        documents: job.documents.slice(from, to),
        attempt: 1,
        waitMs: 0,
      });
      queue.unshift(part(0, half), part(half));
      continue;
    }
    if (only && job.documents.length === 1 && isAboutRow(error)) {
      const { legacyKey } = only.row;
      outcomes.push(...refusal(only, [{ collection: only.collection.collection, legacyKey, ...said(error, null) }]));
      continue;
    }
    // Statements no longer fit what the target has: it is asked anew.
    catalogue.forget();
    if (!sent) throw session.translate(error);
    for (const one of job.documents) outcomes.push(...uncertain(one, 'not sent: the target failed'));
  }
  return outcomes;
}

/** Characters of rows that one transaction carries, about: memory holds them twice while they are sent. */
const Characters = 32_000_000;

/** Documents in groups that a transaction can carry. */
function packed(documents: readonly TargetDocument[]): TargetDocument[][] {
  const groups: TargetDocument[][] = [];
  let size = 0;
  for (const document of documents) {
    const own = [document.row, ...(document.lines?.rows ?? [])].reduce((sum, row) => sum + row.body.length, 0);
    const last = groups.at(-1);
    size += own;
    if (last && size <= Characters) last.push(document);
    else {
      groups.push([document]);
      size = own;
    }
  }
  return groups;
}

async function worked(client: ClientBase, batch: Composed): Promise<BatchWork> {
  const work = new BatchWork(client, batch);
  await work.run();
  return work;
}

function heard(work: BatchWork, doubt: string | null): RowOutcome[] {
  const { batch } = work;
  return batch.documents.flatMap((document, number) => {
    const unfit = batch.refused.get(number);
    if (unfit) return refusal(document, [unfit]);
    const own = work.outcomes.get(number) ?? [];
    // What was refused was taken back before, whatever became of the others.
    if (doubt !== null && !own.some((one) => one.outcome === 'refused')) return uncertain(document, doubt);
    return own;
  });
}
