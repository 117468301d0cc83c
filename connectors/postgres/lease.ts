import { LandfallError } from '../../model/errors.ts';
import type { LeaseRef, SnapshotLease } from '../port.ts';
import type { Session } from './session.ts';

function lostError(session: Session, cause?: unknown): LandfallError {
  return new LandfallError({
    code: 'source.lease-lost',
    kind: 'transient',
    what: 'The transaction that held the source’s snapshot has ended.',
    where: { connection: session.name },
    hint: 'Landfall opens a new one and reads again what has changed; see to it that nothing ends long transactions.',
    cause,
  });
}

const current = `pg_current_snapshot()::text AS snapshot,
  CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn`;

function positionOf(row: Record<string, string | null> | undefined): string {
  return `snapshot ${row?.['snapshot'] ?? ''} at ${row?.['lsn'] ?? ''}`;
}

/** Where the source is now, as a lease taken now would say. */
export async function position(session: Session): Promise<string> {
  const [row] = await session.query(`SELECT ${current}`);
  return positionOf(row);
}

/**
 * Holds a snapshot in a transaction of its own and exports it, so that many sessions read one state
 * (PostgreSQL manual, 9.28.5 Snapshot Synchronization Functions).
 */
export async function openLease(session: Session): Promise<SnapshotLease> {
  const client = await session.connect();
  let released = false;
  let tell: (error: LandfallError) => void = () => {};
  const lost = new Promise<LandfallError>((resolve) => (tell = resolve));
  const ended = (cause?: unknown): void => {
    if (!released) tell(lostError(session, cause));
  };
  client.on('error', ended);
  client.on('end', () => ended());
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // Neither idling nor lasting long may end this transaction, whatever the server's defaults are.
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await client.query('SET LOCAL statement_timeout = 0');
    const { rows } = await client.query<Record<string, string>>(`SELECT pg_export_snapshot() AS token, ${current}`);
    const row = rows[0];
    return {
      token: row?.['token'] ?? '',
      position: positionOf(row),
      lost,
      async release() {
        released = true;
        await client.end().catch(() => {});
      },
    };
  } catch (error) {
    released = true;
    await client.end().catch(() => {});
    throw session.translate(error);
  }
}

/** Whether another session can still join the snapshot. */
export async function isAlive(session: Session, lease: LeaseRef): Promise<boolean> {
  try {
    await session.query('SELECT 1', [], lease.token);
    return true;
  } catch (error) {
    if (error instanceof LandfallError && error.code === 'source.failed') return false;
    throw error;
  }
}
