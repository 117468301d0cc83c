import type { ConnectorKind, Target } from '../port.ts';
import { settingsFor } from './address.ts';
import { openAttachment, putAttachment } from './attachments.ts';
import { beforeImage } from './before-image.ts';
import { checkShape, fingerprint } from './check-shape.ts';
import { listCollections } from './collections.ts';
import { figures } from './figures.ts';
import { findByLegacyKey } from './find.ts';
import { ping } from './ping.ts';
import { countRows, readBack, readReference } from './read-back.ts';
import { markLive } from './live-mark.ts';
import { openSession } from './session.ts';
import { Settings } from './settings.ts';
import { writeBatch } from './write.ts';

/** OData V4 services as a target, and Dataverse above all: upsert by alternate key, in batches of change sets. */
export const odataV4: ConnectorKind<typeof Settings> = {
  kind: 'odata-v4',
  title: 'OData V4 (Dataverse)',
  settings: Settings,
  accountOf({ url, auth }) {
    const who = { oauth2: 'clientId' in auth ? auth.clientId : '', basic: 'user' in auth ? auth.user : '', none: '' };
    return `${new URL(url).origin} ${who[auth.kind]}`;
  },
  settingsFor,
  // eslint-disable-next-line require-await
  async openTarget(name, settings, secrets) {
    const session = openSession(name, settings, secrets);
    return {
      role: 'target',
      kind: 'odata-v4',
      batchLimit: settings.batchLimit,
      settlingMs: settings.settlingMs,
      ping: () => ping(session),
      close: () => session.close(),
      listCollections: () => listCollections(session),
      checkShape: (collection, call) => checkShape(session, collection, call),
      fingerprint: (collections, call) => fingerprint(session, collections, call),
      writeBatch: (documents, mode, call) => writeBatch(session, documents, mode, call),
      async findByLegacyKey(collection, legacyKeys, call) {
        const found = await findByLegacyKey(session, collection, legacyKeys, call);
        return found.map(({ legacyKey, targetKey }) => ({ legacyKey, targetKey }));
      },
      readBack: (collection, after, call) => readBack(session, collection, after, call),
      countRows: (collection, call) => countRows(session, collection, call),
      readReference: (collection, properties, call) => readReference(session, collection, properties, call),
      beforeImage: (collection, legacyKeys, call) => beforeImage(session, collection, legacyKeys, call),
      putAttachment: (collection, targetKey, property, file, call) =>
        putAttachment(session, collection, targetKey, property, file, call),
      openAttachment: (collection, targetKey, property, call) =>
        openAttachment(session, collection, targetKey, property, call),
      figures: (request, call) => figures(session, request, call),
      ...(settings.liveMark ? { markLive: markLive(session, settings.liveMark) } : {}),
    } satisfies Target;
  },
};
