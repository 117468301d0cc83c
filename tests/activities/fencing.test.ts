import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ChunkTask } from '../../activities/contract.ts';
import { Loader } from '../../activities/loader.ts';
import type { Receipt } from '../../activities/receipts.ts';
import { odataV4 } from '../../connectors/odata-v4/index.ts';
import { Settings } from '../../connectors/odata-v4/settings.ts';
import type { RequestGate, Target, TargetDocument } from '../../connectors/port.ts';
import { text } from '../../model/shape.ts';
import { startCloudCrm, type CloudCrm } from '../../sandbox/cloud-crm/index.ts';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';
import type { Staging } from '../../staging/index.ts';
import { collectionOf } from '../conformance/target-cloud-crm.ts';
import { staged } from '../staging/open-staging.ts';

const settlingMs = 1_000;
const noteId = '11111111-1111-4111-a111-111111111111';
let data: string;
let postgres: SandboxPostgres;
let cloud: CloudCrm;
let target: Target;

beforeAll(async () => {
  data = join(tmpdir(), `landfall-fencing-pg-${randomBytes(6).toString('hex')}`);
  postgres = await startPostgres({ dataDir: data, durable: false });
  await postgres.createDatabase('cloud_crm');
  cloud = await startCloudCrm({ databaseUrl: postgres.url('cloud_crm') });
  const settings = Settings.parse({
    kind: 'odata-v4',
    url: cloud.url,
    auth: { kind: 'oauth2', tokenUrl: cloud.tokenUrl, clientId: cloud.clientId, clientSecret: { env: 'S' } },
    timeouts: { requestMs: 900 },
    settlingMs,
  });
  if (!odataV4.openTarget) throw new Error('no target');
  target = await odataV4.openTarget('cloud', settings, () => cloud.clientSecret);
  // What the gates of these tests hold up are writes, not the metadata that these are composed by.
  await target.fingerprint([calls.collection]);
});

afterAll(async () => {
  await target.close();
  await cloud.stop();
  await postgres.stop();
  await rm(data, { recursive: true, force: true });
});

beforeEach(async () => {
  cloud.setFaults({ rules: [] });
  await ask('TRUNCATE crm_interactions');
});

async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: postgres.url('cloud_crm') });
  await client.connect();
  return client
    .query<Record<string, unknown>>(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

/** Calls: the target gives them their keys, and takes each that is sent twice for two. */
const calls = collectionOf(
  { collection: 'crm_interactions', id: 'crm_interactionid', legacyKey: 'crm_legacyreference', write: 'create' },
  { subject: text(200).nullable(), crm_ownerlogin: text(100) },
);
const documents: TargetDocument[] = ['ACT-1', 'ACT-2', 'ACT-3'].map((legacyKey) => ({
  collection: calls,
  row: { legacyKey, body: JSON.stringify({ subject: 'Call', crm_ownerlogin: 'emil' }), references: [] },
}));

const task: ChunkTask = {
  run: 'crm-rehearsal-1',
  plan: '',
  entity: 'activity',
  step: 'load',
  chunk: 0,
  ledgers: {},
  lease: null,
  chunkPlan: null,
  prior: null,
  partitions: 1,
  crosswalks: {},
};

const open: RequestGate = { enter: () => Promise.resolve(() => {}), report: () => {} };

/** A gate that lets nobody in until it is opened: an account whose quota is spent, or a worker that stands still. */
function heldGate(): { gate: RequestGate; asked: Promise<void>; release: () => void } {
  let release = (): void => {};
  let came = (): void => {};
  const asked = new Promise<void>((resolve) => (came = resolve));
  const opened = new Promise<void>((resolve) => (release = resolve));
  const gate: RequestGate = {
    async enter() {
      came();
      await opened;
      return () => {};
    },
    report: () => {},
  };
  return { gate, asked, release };
}

async function attempt(
  staging: Staging,
  gate: RequestGate,
  to: Target = target,
): Promise<{ loader: Loader; send(): Promise<unknown>; sendAll(): Promise<unknown[]> }> {
  const beat = { signal: new AbortController().signal, beat: () => {} };
  const loader = new Loader(staging, to, gate, beat, task);
  await loader.takeLease();
  const send = (number: number, some: TargetDocument[]): Promise<Receipt[]> =>
    loader.send(number, some, 'write', () => 'activity');
  return {
    loader,
    send: () => send(0, documents),
    async sendAll() {
      const receipts: Receipt[] = [];
      for await (const batch of loader.batches(inOrder()))
        receipts.push(...(await send(batch.number, batch.documents)));
      return receipts.map((one) => one._key).toSorted();
    },
  };
}

async function* inOrder(): AsyncGenerator<TargetDocument> {
  yield* documents;
}

/** The target behind a connection of another batch limit, and a worker that dies as soon as it wrote that many batches. */
function limitedTo(batchLimit: number, dies = Infinity): Target {
  let written = 0;
  return {
    ...target,
    batchLimit,
    async writeBatch(...of) {
      const outcomes = await target.writeBatch(...of);
      if ((written += 1) === dies) throw new Error('killed');
      return outcomes;
    },
  };
}

const counted = (): Promise<Record<string, unknown>[]> =>
  ask('SELECT crm_legacyreference AS key, count(*)::int AS n FROM crm_interactions GROUP BY 1 ORDER BY 1');
const once = ['ACT-1', 'ACT-2', 'ACT-3'].map((key) => ({ key, n: 1 }));

test('an attempt that waited for its turn while another took over writes nothing', async () => {
  const staging = await staged();
  const held = heldGate();
  const slow = await attempt(staging, held.gate);
  const sending = slow.send().catch((error: unknown) => error);
  await held.asked;
  const successor = await attempt(staging, open);
  await successor.send();
  held.release();
  expect(await sending).toMatchObject({ code: 'load.fenced', kind: 'transient' });
  expect(await counted()).toEqual(once);
});

test('what a dead attempt sent, and the target took late, is waited for and not created again', async () => {
  const staging = await staged();
  cloud.setFaults({ rules: [{ kind: 'slow', on: 'batch', amount: 700, probability: 1, after: 0, times: 1 }] });
  const dead = await attempt(staging, open);
  void dead.send().catch(() => {});
  // Its request is under way, and nobody will hear the answer.
  await sleep(200);
  const successor = await attempt(staging, open);
  await successor.send();
  await sleep(settlingMs);
  expect(await counted()).toEqual(once);
});

test('a newer attempt that an older one overtook may be tried again, and then writes', async () => {
  const staging = await staged();
  const current = await attempt(staging, open);
  await attempt(staging, open);
  await expect(current.send()).rejects.toMatchObject({ code: 'load.fenced', kind: 'transient' });
  await (await attempt(staging, open)).send();
  expect(await counted()).toEqual(once);
});

test('lines that are created, of a header that is upserted, are looked up after the answer was lost', async () => {
  const staging = await staged();
  const accounts = collectionOf({ collection: 'accounts', id: 'accountid', legacyKey: 'crm_legacyid' }, {});
  const regarding = { field: 'regardingobjectid', collection: 'accounts', targetKey: null, toHeader: true as const };
  const rows = documents.map(({ row }) => ({ ...row, references: [regarding] }));
  const document = {
    collection: accounts,
    row: { legacyKey: 'ORG-1', body: JSON.stringify({ name: 'Müller AG' }), references: [] },
    lines: { collection: calls, rows },
  };
  cloud.setFaults({
    rules: [{ kind: 'reset-after-commit', on: 'batch', amount: 1, probability: 1, after: 0, times: 1 }],
  });
  const { loader } = await attempt(staging, open);
  const receipts = await loader.send(0, [document], 'write', (collection) => collection);
  expect(receipts.map((one) => one._key).toSorted()).toEqual(['ACT-1', 'ACT-2', 'ACT-3', 'ORG-1']);
  expect(await counted()).toEqual(once);
});

test('a batch limit that an engineer lowered after an attempt broke off doubles nothing', async () => {
  const staging = await staged();
  const broken = await attempt(staging, open, limitedTo(2, 1));
  await expect(broken.sendAll()).rejects.toThrow('killed');
  const successor = await attempt(staging, open, limitedTo(1));
  expect(await successor.sendAll()).toEqual(['ACT-1', 'ACT-2', 'ACT-3']);
  expect(await counted()).toEqual(once);
});

test('a batch limit that an engineer raised after an attempt broke off leaves nothing out', async () => {
  const staging = await staged();
  const broken = await attempt(staging, open, limitedTo(1, 2));
  await expect(broken.sendAll()).rejects.toThrow('killed');
  const successor = await attempt(staging, open, limitedTo(3));
  expect(await successor.sendAll()).toEqual(['ACT-1', 'ACT-2', 'ACT-3']);
  expect(await counted()).toEqual(once);
});

test('an upload that waited for its turn while another took over clears nothing', async () => {
  const staging = await staged();
  await ask('TRUNCATE annotations CASCADE');
  await ask(`INSERT INTO annotations (annotationid, crm_legacyid) VALUES ('${noteId}', 'NOTE-1')`);
  const notes = collectionOf({ collection: 'annotations', id: 'annotationid', legacyKey: 'crm_legacyid' }, {});
  const file = { name: 'a.txt', bytes: 3, content: () => Readable.from([Buffer.from('abc')]) };
  const put = (loader: Loader): Promise<void> | undefined =>
    target.putAttachment?.(notes, noteId, 'documentbody', file, loader.call);
  const held = heldGate();
  const slow = await attempt(staging, held.gate);
  const sending = put(slow.loader)?.catch((error: unknown) => error);
  await held.asked;
  await attempt(staging, open);
  held.release();
  expect(await sending).toMatchObject({ code: 'load.fenced' });
  expect(await ask('SELECT 1 FROM "$files"')).toEqual([]);
});

test('of two attempts that heard of a batch, what was staged first counts for both', async () => {
  const staging = await staged();
  const [only] = documents;
  if (!only) throw new Error('no document');
  const upserted: TargetDocument = { ...only, collection: { ...calls, write: 'upsert' } };
  const saying = (targetKey: string, meanwhile: () => Promise<unknown>): Target => ({
    ...target,
    async writeBatch([one]) {
      await meanwhile();
      const { legacyKey = '' } = one?.row ?? {};
      return [{ outcome: 'created', collection: calls.collection, legacyKey, targetKey }];
    },
  });
  const send = ({ loader }: { loader: Loader }): Promise<Receipt[]> =>
    loader.send(0, [upserted], 'write', () => 'activity');
  let later: Receipt[] = [];
  const slow = saying('slow', async () => {
    later = await send(
      await attempt(
        staging,
        open,
        saying('later', () => Promise.resolve()),
      ),
    );
  });
  const first = await send(await attempt(staging, open, slow));
  expect(later.map((one) => one.target)).toEqual(['later']);
  expect(first).toEqual(later);
});
