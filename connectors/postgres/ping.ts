import type { Ping } from '../port.ts';
import type { Session } from './session.ts';

/** Asks the server what it is. @throws LandfallError that says which setting is wrong */
export async function ping(session: Session): Promise<Ping> {
  const [row] = await session.query('SELECT version() AS version, now()::text AS at');
  return { product: 'PostgreSQL', version: row?.['version'] ?? '', serverTime: row?.['at'] ?? '' };
}
