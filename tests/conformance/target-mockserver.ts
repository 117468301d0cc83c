import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { odataV4 } from '../../connectors/odata-v4/index.ts';
import { Settings } from '../../connectors/odata-v4/settings.ts';
import { choice, date, decimal, flag, integer, reference, text, timestamp } from '../../model/shape.ts';
import { collectionOf } from './target-cloud-crm.ts';
import type { TargetHarness } from './target-harness.ts';
import { startProxy } from './target-proxy.ts';

interface Mock {
  isReady: Promise<void>;
  getRouter(): (from: IncomingMessage, to: ServerResponse, next: () => void) => void;
  dispose(): Promise<void>;
}

/** The package is CommonJS with a default export, which `import` and bundlers unwrap differently. */
const { default: MockServer } = createRequire(import.meta.url)('@sap-ux/fe-mockserver-core') as {
  default: new (configuration: object) => Mock;
};

const properties = `
  <Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.Guid" Nullable="false"/>
  <Property Name="Legacy" Type="Edm.String" MaxLength="60"/>
  <Property Name="Name" Type="Edm.String" MaxLength="100"/>
  <Property Name="Amount" Type="Edm.Decimal" Precision="38" Scale="10"/>
  <Property Name="Number" Type="Edm.Int32"/>
  <Property Name="Day" Type="Edm.Date"/>
  <Property Name="Moment" Type="Edm.DateTimeOffset"/>
  <Property Name="Flag" Type="Edm.Boolean"/>
  <Property Name="Group" Type="Edm.Int32"/>
  <Property Name="Other_ID" Type="Edm.Guid"/>
  <NavigationProperty Name="Other" Type="S.Thing"><ReferentialConstraint Property="Other_ID" ReferencedProperty="ID"/></NavigationProperty>`;

const sets = ['Things', 'Papers', 'Lines', 'Sums'];
const edmx = `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Thing">${properties}</EntityType>
<EntityContainer Name="C">${sets
  .map(
    (set) =>
      `<EntitySet Name="${set}" EntityType="S.Thing"><NavigationPropertyBinding Path="Other" Target="Things"/></EntitySet>`,
  )
  .join('')}</EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>`;

const shape = {
  Name: text(100).nullable(),
  Amount: decimal(38, 10).nullable(),
  Number: integer().nullable(),
  Day: date().nullable(),
  Moment: timestamp().nullable(),
  Flag: flag().nullable(),
  Group: choice({ 1: 'a', 2: 'b', 3: 'c' }).nullable(),
};
const collection = (name: string) =>
  collectionOf({ collection: name, id: 'ID', legacyKey: 'Legacy', write: 'create' }, shape);
const things = collection('Things');
const pointing = (name: string) =>
  collectionOf(
    { collection: name, id: 'ID', legacyKey: 'Legacy', write: 'create' },
    { ...shape, Other: reference('Things').nullable() },
  );

const quiet = { info() {}, warn() {}, error() {}, debug() {}, verbose() {}, perf() {}, silly() {} };

/**
 * An OData V4 service from its metadata alone, by others: SAP's mock server. It holds rows in memory, knows no upsert and
 * checks no facets, so it stands for services that only create.
 */
export async function mockserverHarness(): Promise<TargetHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-mockserver-'));
  const metadataPath = join(folder, 'metadata.xml');
  await writeFile(metadataPath, edmx);
  const mock = new MockServer({
    logger: quiet,
    services: [{ urlPath: '/odata', metadataPath, mockdataPath: folder, generateMockData: false, logger: quiet }],
  });
  await mock.isReady;
  const router = mock.getRouter();
  const server = createServer((from, to) => {
    router(from, to, () => void to.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await startProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    async open(mistake) {
      const url = {
        host: 'http://nowhere.invalid/odata',
        port: 'http://127.0.0.1:9/odata',
        path: `${proxy.origin}/wrong`,
        password: `${proxy.origin}/odata`,
      }[mistake ?? 'password'];
      const settings = Settings.parse({
        kind: 'odata-v4',
        url,
        dialect: 'plain',
        auth: { kind: 'none' },
        timeouts: { requestMs: 10_000, tries: 3 },
        settlingMs: 10_000,
        pageRows: 20,
      });
      const target = await odataV4.openTarget?.('mockserver', settings, () => '');
      if (!target) throw new Error('the connector opens no targets');
      return target;
    },
    arm: (fault) => proxy.arm(fault),
    expireCredentials() {},
    secrets: [],
    async stop() {
      await proxy.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await mock.dispose();
      await rm(folder, { recursive: true, force: true });
    },
    plain: {
      collection: things,
      label: 'Name',
      fields: (n) => ({ Name: `n ${n}` }),
      refused: { Name: 'x'.repeat(101) },
    },
    types: {
      collection: things,
      rows: [
        { Name: 'a\r\nb\t"\\ 🙂 日本', Amount: '-0.0000000001', Number: -2147483648, Day: '1753-01-01' },
        { Name: ' blanks ', Moment: '1899-12-31T23:59:59Z', Flag: false, Number: 0, Day: null },
      ],
    },
    longest: { collection: things, fields: {}, field: 'Amount', value: '1234567890123456789012345678.0123456789' },
    document: {
      header: pointing('Papers'),
      headerFields: { Name: 'header' },
      lines: collectionOf(
        { collection: 'Lines', id: 'ID', legacyKey: 'Legacy', write: 'create' },
        { ...shape, Other: reference('Papers') },
      ),
      lineFields: (n) => ({ Number: n }),
      refusedLine: { Number: 'not a number' },
      reference: 'Other',
    },
    reference: {
      collection: pointing('Papers'),
      fields: { Name: 'x' },
      field: 'Other',
      to: things,
      toFields: { Name: 'y' },
    },
    polymorphic: {
      collection: pointing('Papers'),
      fields: { Name: 'x' },
      field: 'Other',
      to: [
        { collection: things, fields: { Name: 'y' } },
        { collection: collection('Sums'), fields: { Name: 'z' } },
      ],
    },
    createOnly: { collection: collection('Lines'), fields: { Name: 'c' } },
    attachment: { collection: things, fields: { Name: 'f' }, property: 'Content' },
    figures: {
      collection: collection('Sums'),
      fields: (n) => ({ Amount: `${n}.1${n}`, Group: 1 + (n % 3) }),
      sum: 'Amount',
      by: 'Group',
      scale: 2,
    },
  };
}
