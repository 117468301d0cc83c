import type { ConnectorKind, ReadRequest, Source, Target } from '../port.ts';
import { settingsFor } from './address.ts';
import { openAttachment, openTargetAttachment, putAttachment } from './attachments.ts';
import { beforeImage } from './before-image.ts';
import { openCatalogue } from './catalogue.ts';
import { checkShape, fingerprint } from './check-shape.ts';
import { planChunks } from './chunks.ts';
import { listCollections } from './collections.ts';
import { describe } from './describe.ts';
import { figures, targetFigures } from './figures.ts';
import { findByLegacyKey } from './find.ts';
import { isFrozen, setFrozen } from './freeze.ts';
import { isAlive, openLease, position } from './lease.ts';
import { markLive } from './live-mark.ts';
import { listObjects } from './objects.ts';
import { ping } from './ping.ts';
import { checkPrivileges, checkTargetPrivileges } from './privileges.ts';
import { countChunk, readChunk, stillStands } from './read.ts';
import { countRows, readBack, readReference } from './read-back.ts';
import { readBackDirect } from './read-back-direct.ts';
import { proveShown } from './rewritten.ts';
import { openSession } from './session.ts';
import { Settings } from './settings.ts';
import { writeBatch } from './write.ts';
import { writeLines } from './write-lines.ts';

/**
 * PostgreSQL 13 and later. As a source: one exported snapshot for all readers, rows read by DuckDB itself. As a target:
 * a transaction a batch, rows brought by COPY and told apart as created, updated and unchanged.
 */
export const postgres: ConnectorKind<typeof Settings> = {
  kind: 'postgres',
  title: 'PostgreSQL',
  settings: Settings,
  accountOf: ({ host, port, database, user }) => `${host}:${port}/${database} ${user}`,
  settingsFor,
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
      ping: () => ping(session),
      close: () => session.close(),
      describe: (objects) => describe(session, objects),
      listObjects: () => listObjects(session),
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
  // eslint-disable-next-line require-await
  async openTarget(name, settings, secrets) {
    const session = openSession(name, settings, secrets, 'target');
    const catalogue = openCatalogue(session);
    return {
      role: 'target',
      kind: 'postgres',
      batchLimit: settings.target.batchLimit,
      settlingMs: settings.target.settlingMs,
      ping: () => ping(session),
      close: () => session.close(),
      listCollections: () => listCollections(session, catalogue),
      checkPrivileges: (objects) => checkTargetPrivileges(session, objects),
      checkShape: (collection) => checkShape(session, catalogue, collection),
      fingerprint: (collections) => fingerprint(catalogue, collections),
      writeBatch: (documents, mode, call) => writeBatch(session, catalogue, documents, mode, call),
      writeLines: (rows, accept, call) => writeLines(session, catalogue, rows, accept, call),
      findByLegacyKey: (collection, legacyKeys, call) =>
        findByLegacyKey(session, catalogue, collection, legacyKeys, call),
      readBack: (collection, after, call) => readBack(session, catalogue, collection, after, call),
      readBackDirect: (collection, fields, after, rows, call) =>
        readBackDirect(session, catalogue, collection, fields, after, rows, call),
      countRows: (collection, call) => countRows(session, collection, call),
      readReference: (collection, properties, call) => readReference(session, collection, properties, call),
      beforeImage: (collection, legacyKeys, call) => beforeImage(session, catalogue, collection, legacyKeys, call),
      putAttachment: (collection, targetKey, property, file, call) =>
        putAttachment(session, catalogue, collection, targetKey, property, file, call),
      openAttachment: (collection, targetKey, property, call) =>
        openTargetAttachment(session, catalogue, collection, targetKey, property, call),
      figures: (request, call) => targetFigures(session, catalogue, request, call),
      markLive: (by, call) => markLive(session, by, call),
    } satisfies Target;
  },
};
