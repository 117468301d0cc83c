import { DatabaseError, type ClientBase } from 'pg';
import { LandfallError } from '../../model/errors.ts';
import type { TargetCall } from '../port.ts';
import type { Layout } from './compose.ts';
import { isAboutRow, next } from './judge.ts';
import type { Session } from './session.ts';
import { batchTableDefinition } from './statements.ts';

/** COMMIT was sent, and not answered: it cannot be known whether it took effect. */
class CommitUnanswered extends Error {}

/** Work that its own side has broken off, for a reason that is not the target's. */
export class BrokenOff extends Error {}

export type Transacted<T> =
  | { kind: 'committed'; done: T }
  /** It may have been written or not: the connection broke during COMMIT. */
  | { kind: 'unanswered'; done: T }
  /** Nothing was written. */
  | { kind: 'failed'; error: unknown };

/** Which tables a connection has been given already. */
const made = new WeakMap<ClientBase, Set<string>>();

/** Begins a transaction on a connection that has a table for the rows of each layout. */
export async function begin(
  client: ClientBase,
  layouts: readonly { layout: Pick<Layout, 'columns'>; place: number }[],
): Promise<void> {
  const known = made.get(client) ?? new Set<string>();
  made.set(client, known);
  for (const { layout, place } of layouts) {
    const definition = batchTableDefinition(place, layout.columns.length);
    if (known.has(definition)) continue;
    await client.query(definition);
    known.add(definition);
  }
  // Constraints that are deferred would fail at COMMIT, without saying for which row.
  await client.query('BEGIN; SET CONSTRAINTS ALL IMMEDIATE');
}

/** @throws CommitUnanswered when it cannot be known whether it took effect, else what the server refused it for */
async function commit(client: ClientBase): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query('COMMIT'));
  } catch (error) {
    // An answer to COMMIT that is an error means that it was taken back; a connection that ends means nothing.
    if (error instanceof DatabaseError && error.severity === 'ERROR') throw error;
    throw new CommitUnanswered('the connection broke during COMMIT', { cause: error });
  }
  if (command !== 'COMMIT') throw new Error(`the server answered COMMIT with ${command}`);
}

/**
 * Does work in a transaction of its own, as one request to the target's account.
 *
 * @param work begins the transaction, and does all of it but COMMIT
 * @throws LandfallError where whoever asked has stopped, or has been overtaken
 */
export async function transacted<T>(
  session: Session,
  call: TargetCall,
  work: (client: ClientBase, spoil: (error: Error) => void) => Promise<T>,
): Promise<Transacted<T>> {
  const leave = await call.gate.enter(call.signal);
  const started = performance.now();
  const limit = deadline(session);
  const until = AbortSignal.any([...(call.signal ? [call.signal] : []), limit.signal]);
  let committing: { done: T } | null = null;
  try {
    await call.stillOurs?.();
    const done = await session.borrow(async (client, spoil) => {
      let spoilt = false;
      try {
        const worked = await work(client, (error) => {
          spoilt = true;
          spoil(error);
        });
        // What was done so far takes effect now or never: so it is asked once more whose it is.
        await call.stillOurs?.();
        until.throwIfAborted();
        committing = { done: worked };
        await commit(client);
        return worked;
      } catch (error) {
        // Over a connection that is given up no answer would come: the transaction ends with it.
        if (!spoilt) await client.query('ROLLBACK').catch(spoil);
        if (error instanceof CommitUnanswered) spoil(error);
        else committing = null;
        throw error;
      }
    }, until);
    call.gate.report('ok', { latencyMs: performance.now() - started });
    return { kind: 'committed', done };
  } catch (error) {
    const failure = known(session, error);
    const what = next(failure);
    if (what.kind === 'again' && what.throttled) call.gate.report('throttled', { retryAfterMs: what.waitMs });
    else call.gate.report('failed', { latencyMs: performance.now() - started });
    // Asked of an object that TypeScript believes to be null still.
    const sent = committing as { done: T } | null;
    if (sent !== null) return { kind: 'unanswered', done: sent.done };
    if (error instanceof BrokenOff) return { kind: 'failed', error };
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
