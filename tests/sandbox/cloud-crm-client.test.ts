import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@sap-ux/edmx-parser';
import { DynamicsWebApi } from 'dynamics-web-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCloudCrm, type CloudCrm } from '../../sandbox/cloud-crm/index.ts';
import { model } from '../../sandbox/cloud-crm/model.ts';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';

/**
 * The sandbox must be Dataverse to others too, not only to our own connector: a client that people use against Dataverse
 * itself, and a parser of OData metadata, both made by strangers, have to find what they expect.
 */
let postgres: SandboxPostgres;
let data: string;
let cloud: CloudCrm;
let client: DynamicsWebApi;

beforeAll(async () => {
  data = join(tmpdir(), `landfall-client-${randomBytes(4).toString('hex')}`);
  await mkdir(data, { recursive: true });
  postgres = await startPostgres({ dataDir: data, durable: false });
  await postgres.createDatabase('cloud_crm');
  cloud = await startCloudCrm({ databaseUrl: postgres.url('cloud_crm') });
  client = new DynamicsWebApi({
    serverUrl: new URL(cloud.url).origin,
    dataApi: { version: '9.2' },
    onTokenRefresh: async () => {
      const body = new URLSearchParams({ client_id: 'landfall', client_secret: 'sandbox-secret' });
      const answer = await fetch(cloud.tokenUrl, { method: 'POST', body });
      return ((await answer.json()) as { access_token: string }).access_token;
    },
  });
});

afterAll(async () => {
  await cloud.stop();
  await postgres.stop();
  await rm(data, { recursive: true, force: true });
});

interface Account {
  accountid: string;
  name: string;
  crm_legacyid: string;
}

describe('a Dataverse client that others wrote', () => {
  test('creates a row, reads it by key and by alternate key, and changes it', async () => {
    const made = await client.create<Partial<Account>, Account>({
      collection: 'accounts',
      data: { name: 'Ålesund AS', crm_legacyid: 'A/1' },
      returnRepresentation: true,
    });
    expect(made.name).toBe('Ålesund AS');
    const read = await client.retrieve<Account>({ collection: 'accounts', key: made.accountid, select: ['name'] });
    expect(read.name).toBe('Ålesund AS');
    await client.update({ collection: 'accounts', key: made.accountid, data: { name: 'Bergen AS' } });
    const again = await client.retrieve<Account>({ collection: 'accounts', key: "crm_legacyid='A/1'" });
    expect(again).toMatchObject({ accountid: made.accountid, name: 'Bergen AS' });
  });

  test('upserts by alternate key, and is refused where it forbids to create or to change', async () => {
    const key = "crm_legacyid='U-1'";
    await client.upsert({ collection: 'accounts', key, data: { name: 'first' } });
    await client.upsert({ collection: 'accounts', key, data: { name: 'second' } });
    const found = await client.retrieve<Account>({ collection: 'accounts', key });
    expect(found.name).toBe('second');
    await client.upsert({ collection: 'accounts', key, ifnonematch: '*', data: { name: 'third' } });
    expect((await client.retrieve<Account>({ collection: 'accounts', key })).name).toBe('second');
  });

  test('lists with a filter, an order and a count, page after page', async () => {
    for (let i = 0; i < 25; i += 1) {
      const legacy = `P-${String(i).padStart(2, '0')}`;
      await client.create({ collection: 'accounts', data: { name: `page ${i % 2}`, crm_legacyid: legacy } });
    }
    const request = {
      collection: 'accounts',
      select: ['crm_legacyid'],
      filter: `startswith(crm_legacyid,'P-') and name eq 'page 1'`,
      orderBy: ['crm_legacyid desc'],
      maxPageSize: 5,
      count: true,
    };
    const page = await client.retrieveMultiple<Account>(request);
    expect(page.oDataCount).toBe(12);
    expect(page.value.map((row) => row.crm_legacyid)).toEqual(['P-23', 'P-21', 'P-19', 'P-17', 'P-15']);
    const all = await client.retrieveAll<Account>(request);
    expect(all.value).toHaveLength(12);
    expect(await client.count({ collection: 'accounts' })).toBeGreaterThanOrEqual(25);
  });

  test('points one row at another and lets go of it', async () => {
    const parent = "crm_legacyid='R-1'";
    await client.upsert({ collection: 'accounts', key: parent, data: { name: 'parent' } });
    const { accountid } = await client.retrieve<Account>({ collection: 'accounts', key: parent });
    const child = await client.create<object, Account>({
      collection: 'accounts',
      data: { name: 'child', 'parentaccountid@odata.bind': `/accounts(${accountid})` },
      returnRepresentation: true,
    });
    const read = (): Promise<Record<string, unknown>> =>
      client.retrieve({ collection: 'accounts', key: child.accountid, select: ['_parentaccountid_value'] });
    expect((await read())['_parentaccountid_value']).toBe(accountid);
    await client.disassociateSingleValued({
      collection: 'accounts',
      primaryKey: child.accountid,
      navigationProperty: 'parentaccountid',
    });
    expect((await read())['_parentaccountid_value']).toBeNull();
  });

  test('sends a batch whose change set falls as a whole', async () => {
    client.startBatch();
    void client.create({ collection: 'accounts', data: { name: 'good', crm_legacyid: 'B-1' }, contentId: '1' });
    void client.create({
      collection: 'accounts',
      data: { name: 'x'.repeat(500), crm_legacyid: 'B-2' },
      contentId: '2',
    });
    const refused = (await client.executeBatch()) as { status?: number }[];
    expect(refused.map((one) => one.status)).toEqual([400]);
    const { value } = await client.retrieveMultiple<Account>({
      collection: 'accounts',
      filter: `startswith(crm_legacyid,'B-')`,
    });
    expect(value).toEqual([]);

    client.startBatch();
    void client.create({ collection: 'accounts', data: { name: 'one', crm_legacyid: 'B-1' } });
    void client.create({ collection: 'accounts', data: { name: 'two', crm_legacyid: 'B-2' } });
    await expect(client.executeBatch()).resolves.toHaveLength(2);
  });

  test('deletes a row, which is gone then', async () => {
    const key = "crm_legacyid='D-1'";
    await client.upsert({ collection: 'accounts', key, data: { name: 'short-lived' } });
    const { accountid } = await client.retrieve<Account>({ collection: 'accounts', key });
    await client.deleteRecord({ collection: 'accounts', key: accountid });
    await expect(client.retrieve({ collection: 'accounts', key: accountid })).rejects.toMatchObject({ status: 404 });
  });

  test('is told what is wrong in Dataverse’s own form', async () => {
    const wrong = client.create({ collection: 'accounts', data: { name: 'x', no_such_property: 1 } });
    await expect(wrong).rejects.toMatchObject({ status: 400, message: expect.stringContaining('no_such_property') });
  });
});

test('a metadata parser that others wrote finds the model: sets, types, keys, facets, navigation', async () => {
  const { schema } = parse(await client.retrieveCsdlMetadata());
  expect(schema.entitySets.map((one) => one.name).toSorted()).toEqual(model.map((one) => one.set).toSorted());
  for (const entry of model) {
    const type = schema.entityTypes.find((one) => one.name === entry.type);
    expect
      .soft(
        type?.keys.map((key) => key.name),
        entry.set,
      )
      .toEqual([entry.id]);
    for (const property of entry.properties) {
      const found = type?.entityProperties.find((one) => one.name === property.name);
      const facets = {
        maxLength: property.type === 'String' ? property.maxLength : undefined,
        precision: property.type === 'Decimal' ? property.precision : undefined,
        scale: property.type === 'Decimal' ? property.scale : undefined,
      };
      const { type: edm, maxLength, precision, scale } = found ?? {};
      const at = `${entry.set}.${property.name}`;
      expect.soft({ at, edm, maxLength, precision, scale }).toEqual({ at, edm: `Edm.${property.type}`, ...facets });
    }
    const navigation = type?.navigationProperties.map((one) => one.name).toSorted();
    expect
      .soft(navigation, entry.set)
      .toEqual(entry.lookups.flatMap((lookup) => lookup.navigations.map((one) => one.name)).toSorted());
  }
});
