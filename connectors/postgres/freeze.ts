import { LandfallError } from '../../model/errors.ts';
import type { Session } from './session.ts';

function unable(session: Session): LandfallError {
  return new LandfallError({
    code: 'source.cannot-freeze',
    kind: 'permanent',
    what: 'The connection does not say how the source is made to refuse writes.',
    where: { connection: session.name, setting: 'freeze' },
    hint: 'Ask the database’s administrator for two functions, and name them as `freeze.set` and `freeze.probe`.',
  });
}

/** Who keeps the source from being frozen, as far as this account may see. */
async function blockers(session: Session): Promise<string> {
  const [row] = await session.query(
    `SELECT count(*) AS n, min(xact_start)::text AS since FROM pg_stat_activity
     WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()`,
  );
  const n = Number(row?.['n'] ?? 0);
  if (n === 0) return 'This account may not see whose; a database administrator can.';
  return `${n} ${n === 1 ? 'transaction is' : 'transactions are'} open, the oldest since ${row?.['since'] ?? ''}.`;
}

/** `lock_not_available` (PostgreSQL manual, appendix A). */
const LockNotAvailable = '55P03';

/**
 * Makes the source refuse writes, or take them again, once work in flight has ended. Everybody's writes queue behind a
 * freeze that waits, so it waits for no longer than `freeze.waitMs`.
 *
 * @throws LandfallError `source.freeze-blocked`, `source.cannot-freeze`
 */
export async function setFrozen(session: Session, frozen: boolean): Promise<void> {
  const { freeze } = session.settings;
  if (!freeze) throw unable(session);
  const client = await session.connect();
  try {
    await client.query(`SET lock_timeout = ${freeze.waitMs}`);
    await client.query(freeze.set, [frozen]);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === LockNotAvailable)) throw session.translate(error);
    throw new LandfallError({
      code: 'source.freeze-blocked',
      kind: 'transient',
      what: `Work in flight did not end within ${freeze.waitMs} ms, so the source was not frozen. ${await blockers(session)}`,
      where: { connection: session.name },
      hint: 'End those transactions, or wait: the step is tried again. Until then everybody can go on writing.',
      cause: error,
    });
  } finally {
    await client.end().catch(() => {});
  }
}

/** Asks the administrator's probe, which tries a write and rolls it back. */
export async function isFrozen(session: Session): Promise<boolean> {
  const { freeze } = session.settings;
  if (!freeze) throw unable(session);
  const [row] = await session.query(freeze.probe);
  return Object.values(row ?? {})[0] === 't';
}
