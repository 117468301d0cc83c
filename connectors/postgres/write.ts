import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { LandfallError } from '../../model/errors.ts';
import type { RowOutcome, TargetCall, TargetDocument } from '../port.ts';
import type { Catalogue } from './catalogue.ts';
import { compose, refusal, uncertain, type Composed, type Mode } from './compose.ts';
import { isAboutRow, next, said } from './judge.ts';
import type { Session } from './session.ts';
import { BatchWork, CommitUnanswered } from './transaction.ts';

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
      (batch) => transacted(session, batch, call),
      (error: unknown): Transacted => ({ kind: 'failed', error }),
    );
    if (result.kind === 'heard') {
      outcomes.push(...result.outcomes);
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

type Transacted =
  | { kind: 'heard'; outcomes: RowOutcome[] }
  /** Nothing was written. */
  | { kind: 'failed'; error: unknown };

async function transacted(session: Session, batch: Composed, call: TargetCall): Promise<Transacted> {
  const leave = await call.gate.enter(call.signal);
  const started = performance.now();
  const limit = deadline(session);
  const until = AbortSignal.any([...(call.signal ? [call.signal] : []), limit.signal]);
  let committing: BatchWork | null = null;
  try {
    await call.stillOurs?.();
    const work = await session.borrow(async (client, spoil) => {
      const one = new BatchWork(client, batch);
      try {
        await one.run();
        // What was done so far takes effect now or never: so it is asked once more whose it is.
        await call.stillOurs?.();
        until.throwIfAborted();
        committing = one;
        await one.commit();
        return one;
      } catch (error) {
        await client.query('ROLLBACK').catch(spoil);
        if (error instanceof CommitUnanswered) spoil(error);
        else committing = null;
        throw error;
      }
    }, until);
    call.gate.report('ok', { latencyMs: performance.now() - started });
    return { kind: 'heard', outcomes: heard(batch, work, null) };
  } catch (error) {
    const failure = known(session, error);
    const what = next(failure);
    if (what.kind === 'again' && what.throttled) call.gate.report('throttled', { retryAfterMs: what.waitMs });
    else call.gate.report('failed', { latencyMs: performance.now() - started });
    if (committing !== null) {
      return { kind: 'heard', outcomes: heard(batch, committing, 'the connection broke during COMMIT') };
    }
    // Whoever stopped the work, or took it over, is not to be argued with.
    if (call.signal?.aborted || (error instanceof LandfallError && !error.code.startsWith('target.'))) throw error;
    return { kind: 'failed', error: failure };
  } finally {
    limit.clear();
    leave();
  }
}

/** The server's own errors are judged by their codes; what the driver says of a connection is put into words first. */
function known(session: Session, error: unknown): unknown {
  const judged = isAboutRow(error) || (error instanceof DatabaseError && error.severity === 'ERROR');
  return judged ? error : session.translate(error);
}

/** Gives the connection up, and with it the transaction, before what was sent could still take effect unseen. */
function deadline(session: Session): { signal: AbortSignal; clear: () => void } {
  const { settlingMs } = session.settings.target;
  const controller = new AbortController();
  const over = new LandfallError({
    code: 'target.deadline',
    kind: 'transient',
    what: `The target did not finish a transaction within ${settlingMs} ms.`,
    where: { connection: session.name },
    hint: 'Lower `target.batchLimit`, or look for what holds locks on the table.',
  });
  const timer = setTimeout(() => controller.abort(over), settlingMs);
  timer.unref();
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

function heard(batch: Composed, work: BatchWork, doubt: string | null): RowOutcome[] {
  return batch.documents.flatMap((document, number) => {
    const unfit = batch.refused.get(number);
    if (unfit) return refusal(document, [unfit]);
    const own = work.outcomes.get(number) ?? [];
    // What was refused was taken back before, whatever became of the others.
    if (doubt !== null && !own.some((one) => one.outcome === 'refused')) return uncertain(document, doubt);
    return own;
  });
}
