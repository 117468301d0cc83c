import type { ConnectorKind, ReadRequest, Source } from '../port.ts';
import { openAttachment } from './attachments.ts';
import { planChunks } from './chunks.ts';
import { describe } from './describe.ts';
import { figures } from './figures.ts';
import { isFrozen, setFrozen } from './freeze.ts';
import { isAlive, openLease, position } from './lease.ts';
import { checkPrivileges } from './privileges.ts';
import { countChunk, readChunk, stillStands } from './read.ts';
import { proveShown } from './rewritten.ts';
import { openSession } from './session.ts';
import { Settings } from './settings.ts';

/** PostgreSQL 13 and later, as a source: one exported snapshot for all readers, rows read by DuckDB itself. */
export const postgres: ConnectorKind<typeof Settings> = {
  kind: 'postgres',
  title: 'PostgreSQL',
  settings: Settings,
  // eslint-disable-next-line require-await
  async openSource(name, settings, secrets) {
    const session = openSession(name, settings, secrets);
    const declared = async (request: ReadRequest): Promise<boolean> => {
      const [table] = await describe(session, [request.object]);
      return (table?.uniqueKeys ?? []).some((unique) => unique.every((column) => request.key.includes(column)));
    };
    return {
      role: 'source',
      kind: 'postgres',
      async ping() {
        const [row] = await session.query('SELECT version() AS version, now()::text AS at');
        return { product: 'PostgreSQL', version: row?.['version'] ?? '', serverTime: row?.['at'] ?? '' };
      },
      close: () => session.close(),
      describe: (objects) => describe(session, objects),
      checkPrivileges: (objects) => checkPrivileges(session, objects),
      openLease: () => openLease(session),
      isAlive: (lease) => isAlive(session, lease),
      position: () => position(session),
      async *planChunks(request, rows, lease) {
        yield* planChunks(session, request, rows, await declared(request), lease);
      },
      readChunk: (request, bounds, lease) => Promise.resolve(readChunk(session, request, bounds, lease)),
      countChunk: (request, bounds, lease) => countChunk(session, request, bounds, lease),
      proveShown: (object, lease) => proveShown(session, object, lease),
      stillStands: (request, bounds, since, lease) => stillStands(session, request, bounds, since, lease),
      openAttachment: (request, keyValues, lease) => openAttachment(session, request, keyValues, lease),
      figures: (request, lease) => figures(session, request, lease),
      ...(settings.freeze
        ? {
            freeze: () => setFrozen(session, true),
            unfreeze: () => setFrozen(session, false),
            isFrozen: () => isFrozen(session),
          }
        : {}),
      async fingerprint(objects) {
        const tables = await describe(session, objects);
        return Object.fromEntries(tables.map((table) => [table.object, table.fingerprint]));
      },
    } satisfies Source;
  },
};
