import type { Ping } from '../port.ts';
import { readMetadata } from './metadata.ts';
import type { Session } from './session.ts';

/**
 * Asks for the service's metadata: that proves the address, the certificate, the credentials and the protocol at once.
 *
 * @throws LandfallError that says which of them is wrong
 */
export async function ping(session: Session): Promise<Ping> {
  const answer = await session.read('$metadata', { Accept: 'application/xml' });
  const { sets } = readMetadata(answer.text, session.where);
  const date = Date.parse(answer.header('date') ?? '');
  return {
    product: `${session.settings.dialect === 'dataverse' ? 'Dataverse Web API' : 'OData service'}, ${sets.size} collections`,
    version: answer.header('odata-version') ?? '4.0',
    ...(Number.isNaN(date) ? {} : { serverTime: new Date(date).toISOString() }),
  };
}
