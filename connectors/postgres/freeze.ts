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

export async function setFrozen(session: Session, frozen: boolean): Promise<void> {
  const { freeze } = session.settings;
  if (!freeze) throw unable(session);
  await session.query(freeze.set, [frozen]);
}

/** Asks the administrator's probe, which tries a write and rolls it back. */
export async function isFrozen(session: Session): Promise<boolean> {
  const { freeze } = session.settings;
  if (!freeze) throw unable(session);
  const [row] = await session.query(freeze.probe);
  return Object.values(row ?? {})[0] === 't';
}
