import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { odataV4 } from '../../connectors/odata-v4/index.ts';
import { Settings } from '../../connectors/odata-v4/settings.ts';
import type { Target, TargetCollection } from '../../connectors/port.ts';
import {
  choice,
  date,
  decimal,
  fieldShape,
  flag,
  integer,
  reference,
  text,
  timestamp,
  type Shape,
} from '../../model/shape.ts';
import { startCloudCrm } from '../../sandbox/cloud-crm/index.ts';
import { startPostgres } from '../../sandbox/postgres.ts';
import type { TargetHarness } from './target-harness.ts';
import { startProxy } from './target-proxy.ts';

export function collectionOf(
  names: Omit<TargetCollection, 'shape' | 'write'> & { write?: TargetCollection['write'] },
  shape: Shape,
): TargetCollection {
  const fields = Object.entries(shape).map(([name, schema]) => {
    const field = fieldShape(schema);
    if (!field) throw new Error(`${name} is not made by a builder`);
    return [name, field] as const;
  });
  return { write: 'upsert', ...names, shape: Object.fromEntries(fields) };
}

const legacyKey = 'crm_legacyid';
const wrongSecret = 'not-the-right-one';

export const accounts = collectionOf(
  { collection: 'accounts', id: 'accountid', legacyKey },
  {
    name: text(160),
    crm_category: choice({ 1: 'a', 2: 'b', 3: 'c', 4: 'd' }),
    crm_contributoryunits: decimal(9, 5).nullable(),
    crm_joinedon: date().nullable(),
    crm_remark: text(2000).nullable(),
    parentaccountid: reference('accounts').nullable(),
  },
);
export const contacts = collectionOf(
  { collection: 'contacts', id: 'contactid', legacyKey },
  {
    lastname: text(50),
    birthdate: date().nullable(),
  },
);
export const consents = collectionOf(
  { collection: 'crm_consents', id: 'crm_consentid', legacyKey },
  {
    crm_optout: flag(),
    crm_decidedon: timestamp().nullable(),
    crm_contact: reference('contacts'),
  },
);
export const invoices = collectionOf(
  { collection: 'invoices', id: 'invoiceid', legacyKey },
  {
    name: text(300).nullable(),
    totalamount: decimal(18, 2).nullable(),
    statuscode: choice({ 1: 'open', 2: 'paid', 3: 'void' }).nullable(),
    customerid: reference('accounts').nullable(),
  },
);
export const invoiceDetails = collectionOf(
  { collection: 'invoicedetails', id: 'invoicedetailid', legacyKey },
  {
    lineitemnumber: integer(),
    quantity: decimal(12, 3).nullable(),
    priceperunit: decimal(18, 6).nullable(),
    extendedamount: decimal(18, 2).nullable(),
    invoiceid: reference('invoices'),
  },
);
export const annotations = collectionOf(
  { collection: 'annotations', id: 'annotationid', legacyKey },
  {
    subject: text(500).nullable(),
    notetext: text(100_000).nullable(),
    crm_writtenon: timestamp().nullable(),
    objectid: reference('accounts', 'contacts', 'invoices').nullable(),
  },
);
export const interactions = collectionOf(
  { collection: 'crm_interactions', id: 'crm_interactionid', legacyKey: 'crm_legacyreference', write: 'create' },
  { subject: text(200).nullable(), crm_kind: choice({ 1: 'call', 2: 'visit', 3: 'letter' }).nullable() },
);

/** The sandbox's Cloud CRM behind a proxy that can fail. */
export async function cloudCrmHarness(): Promise<TargetHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-conformance-'));
  // The server runs under an account of its own, which must reach its data.
  await chmod(folder, 0o755);
  const postgres = await startPostgres({ dataDir: join(folder, 'data'), durable: false });
  await postgres.createDatabase('crm');
  const crm = await startCloudCrm({ databaseUrl: postgres.url('crm') });
  const proxy = await startProxy(crm.url);
  const { pathname } = new URL(crm.url);

  const open: TargetHarness['open'] = async (mistake): Promise<Target> => {
    const url = {
      host: `http://nowhere.invalid${pathname}`,
      port: `http://127.0.0.1:9${pathname}`,
      path: `${proxy.origin}/api/wrong`,
      password: `${proxy.origin}${pathname}`,
    }[mistake ?? 'password'];
    const settings = Settings.parse({
      kind: 'odata-v4',
      url,
      auth: { kind: 'oauth2', tokenUrl: crm.tokenUrl, clientId: crm.clientId, clientSecret: { env: 'SECRET' } },
      timeouts: { requestMs: 10_000, tries: 3 },
      settlingMs: 10_000,
      pageRows: 20,
    });
    const target = await odataV4.openTarget?.('crm', settings, () =>
      mistake === 'password' ? wrongSecret : crm.clientSecret,
    );
    if (!target) throw new Error('the connector opens no targets');
    return target;
  };

  return {
    open,
    secrets: [wrongSecret, crm.clientSecret],
    arm: (fault) => proxy.arm(fault),
    expireCredentials: () => crm.expireTokens(),
    async stop() {
      await proxy.stop();
      await crm.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
    plain: {
      collection: contacts,
      label: 'lastname',
      fields: (n) => ({ lastname: `Müller ${n}` }),
      refused: { lastname: 'x'.repeat(51) },
    },
    types: {
      collection: accounts,
      rows: [
        { name: 'plain', crm_category: 4, crm_contributoryunits: '1234.56789', crm_joinedon: '1899-12-31' },
        { name: 'least', crm_category: 1, crm_contributoryunits: '-9999.99999', crm_joinedon: '1753-01-01' },
        { name: '🙂👩‍👩‍👧 日本 é é', crm_category: 2, crm_joinedon: '9999-12-31', crm_remark: 'a\r\nb\nc\td\\"/{}' },
        {
          name: ' blanks ',
          crm_category: 3,
          crm_contributoryunits: null,
          crm_joinedon: null,
          crm_remark: '--batch\r\n',
        },
      ],
    },
    longest: { collection: invoices, fields: {}, field: 'totalamount', value: '9999999999999999.99' },
    document: {
      header: invoices,
      headerFields: { name: 'Invoice', totalamount: '30.00' },
      lines: invoiceDetails,
      lineFields: (n) => ({
        lineitemnumber: n + 1,
        quantity: '1.500',
        priceperunit: '6.666667',
        extendedamount: '10.00',
      }),
      refusedLine: { lineitemnumber: 1, extendedamount: '1.234' },
      reference: 'invoiceid',
    },
    reference: {
      collection: accounts,
      fields: { name: 'child', crm_category: 1 },
      field: 'parentaccountid',
      to: accounts,
      toFields: { name: 'parent', crm_category: 1 },
    },
    polymorphic: {
      collection: annotations,
      fields: { subject: 'note' },
      field: 'objectid',
      to: [
        { collection: accounts, fields: { name: 'a', crm_category: 1 } },
        { collection: contacts, fields: { lastname: 'b' } },
        { collection: invoices, fields: { name: 'c' } },
      ],
    },
    createOnly: { collection: interactions, fields: { subject: 'call', crm_kind: 1 } },
    attachment: { collection: annotations, fields: { subject: 'file' }, property: 'documentbody' },
    figures: {
      collection: invoices,
      fields: (n) => ({ totalamount: `${n}.1${n}`, statuscode: 1 + (n % 3) }),
      sum: 'totalamount',
      by: 'statuscode',
      scale: 2,
    },
  };
}
