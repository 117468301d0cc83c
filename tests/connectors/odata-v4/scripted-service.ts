import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { odataV4 } from '../../../connectors/odata-v4/index.ts';
import { Settings } from '../../../connectors/odata-v4/settings.ts';
import type { Target, TargetCollection, TargetDocument } from '../../../connectors/port.ts';

export const metadata = `<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="thing"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid" Nullable="false"/>
<Property Name="legacy" Type="Edm.String" MaxLength="40"/><Property Name="name" Type="Edm.String" MaxLength="50"/>
<Property Name="amount" Type="Edm.Decimal" Precision="18" Scale="2"/>
<Annotation Term="OData.Community.Keys.V1.AlternateKeys"><Collection><Record><PropertyValue Property="Key"><Collection><Record>
<PropertyValue Property="Name" PropertyPath="legacy"/></Record></Collection></PropertyValue></Record></Collection></Annotation>
</EntityType>
<EntityContainer Name="C"><EntitySet Name="things" EntityType="S.thing"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`;

export const things: TargetCollection = {
  collection: 'things',
  id: 'id',
  legacyKey: 'legacy',
  write: 'upsert',
  shape: { name: { type: { kind: 'text', max: 50 }, required: true } },
};

export const thing = (legacyKey: string): TargetDocument => ({
  collection: things,
  row: { legacyKey, body: '{"name":"n"}', references: [] },
});

/** A request of a batch: its number, its line, and the legacy keys that it is about. */
export interface Asked {
  id: string;
  line: string;
  keys: string[];
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

/** One answer in a batch; without `id` the service keeps the number to itself. */
export interface Part {
  id?: string;
  status: number;
  headers?: string;
  body?: string;
}

export interface ScriptedService {
  target: Target;
  requests: { method: string; path: string; body: string }[];
  stop(): Promise<void>;
}

/** A service whose every answer the test writes: for what no well-behaved service can be brought to do. */
export async function scripted(
  answer: (request: { method: string; path: string; body: string; asked: Asked[] }) => Reply | Promise<Reply>,
  settings: object = {},
): Promise<ScriptedService> {
  const requests: ScriptedService['requests'] = [];
  const server = createServer((from, to) => {
    const parts: Buffer[] = [];
    from.on('data', (part: Buffer) => parts.push(part));
    from.on('end', () => {
      const path = decodeURIComponent(from.url ?? '').replace('/odata/', '');
      const request = { method: from.method ?? '', path, body: Buffer.concat(parts).toString() };
      requests.push(request);
      const reply = path.startsWith('$metadata')
        ? { status: 200, body: metadata }
        : answer({ ...request, asked: askedIn(request.body) });
      void Promise.resolve(reply).then(({ status, headers, body }) => to.writeHead(status, headers).end(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/odata`;
  const target = await odataV4.openTarget?.(
    'scripted',
    Settings.parse({ kind: 'odata-v4', url, auth: { kind: 'none' }, ...settings }),
    () => '',
  );
  if (!target) throw new Error('the connector opens no targets');
  return {
    target,
    requests,
    async stop() {
      await target.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function askedIn(body: string): Asked[] {
  const found = body.matchAll(/Content-ID: (\d+)\r\n\r\n(.+) HTTP\/1\.1/g);
  return [...found].map(([, id = '', line = '']) => {
    const plain = decodeURIComponent(line);
    const keys = [...plain.matchAll(/legacy(?:=| eq )'([^']*)'/g)].map(([, key = '']) => key);
    return { id, line: plain, keys };
  });
}

/** The answer to a batch, each part outside of change sets. */
export function batchReply(parts: readonly Part[]): Reply {
  const text = parts.map(
    ({ id, status, headers = '', body = '' }) =>
      `--r\r\nContent-Type: application/http\r\n${id === undefined ? '' : `Content-ID: ${id}\r\n`}\r\n` +
      `HTTP/1.1 ${status} Status\r\nContent-Type: application/json\r\n${headers}\r\n${body}\r\n`,
  );
  return { status: 200, headers: { 'Content-Type': 'multipart/mixed; boundary=r' }, body: `${text.join('')}--r--\r\n` };
}

/** A row as the service would give it; its id is made from its legacy key. */
export function rowJson(legacy: string, version = 1): string {
  return JSON.stringify({ '@odata.etag': `W/"${version}"`, id: `id-${legacy}`, legacy });
}

/** What an honest service answers: writes are created, and the questions find what is `there`. */
export function honest(asked: readonly Asked[], there: (key: string) => boolean = () => true): Part[] {
  return asked.map(({ id, line, keys }) => {
    if (!line.startsWith('GET')) return { id, status: 201, body: rowJson(keys[0] ?? '') };
    const rows = keys.filter(there).map((key) => rowJson(key));
    return { id, status: 200, body: `{"@odata.context":"x/$metadata#things","value":[${rows.join(',')}]}` };
  });
}

/** A gate that lets everything through, and remembers what it was told. */
export function openGate() {
  const reports: string[] = [];
  return {
    reports,
    call: { gate: { enter: () => Promise.resolve(() => {}), report: (r: string) => void reports.push(r) } },
  };
}
