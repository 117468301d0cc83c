import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { throughRead, withReader } from '../../../activities/duck-read.ts';
import type { ChunkBounds } from '../../../connectors/port.ts';
import { postgres } from '../../../connectors/postgres/index.ts';
import { Settings, type SettingsInput } from '../../../connectors/postgres/settings.ts';
import { startPostgres, type SandboxPostgres } from '../../../sandbox/postgres.ts';
import { staged } from '../../staging/open-staging.ts';

const data = join(tmpdir(), `landfall-attach-pg-${randomBytes(6).toString('hex')}`);
let server: SandboxPostgres;
let admin: pg.Client;

beforeAll(async () => {
  await mkdir(data, { recursive: true });
  server = await startPostgres({ dataDir: data, durable: false });
  admin = new pg.Client({ connectionString: server.url('postgres') });
  await admin.connect();
});

afterAll(async () => {
  await admin.end();
  await server.stop();
  await rm(data, { recursive: true, force: true });
});

/** What DuckDB reads of a table `place` with one text. */
async function read(database: string, over: Partial<SettingsInput> = {}): Promise<unknown> {
  const settings = Settings.parse({
    kind: 'postgres',
    host: server.host,
    port: server.port,
    database,
    user: server.user,
    ...over,
  });
  const source = await postgres.openSource?.('legacy', settings, () => '');
  if (!source) throw new Error('the connector opens no sources');
  try {
    const [table] = await source.describe(['place']);
    const request = { object: 'place', key: ['name'], columns: table?.columns ?? [] };
    const chunks: ChunkBounds[] = [];
    for await (const bounds of source.planChunks(request, 10)) chunks.push(bounds);
    const [all] = chunks;
    if (!all) throw new Error('there is no chunk');
    const how = await source.readChunk(request, all);
    if (how.via !== 'duckdb') throw new Error('not read by DuckDB itself');
    const options = { purpose: 'test', keys: {}, signal: new AbortController().signal };
    return await withReader(await staged(), how, options, (job) =>
      throughRead(job, how, (select) => job.all(select, z.record(z.string(), z.string()))),
    );
  } finally {
    await source.close();
  }
}

test('text of a database that is not in UTF-8 arrives as what it says', async () => {
  await admin.query(`CREATE DATABASE western ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
  const client = new pg.Client({ connectionString: server.url('western') });
  await client.connect();
  await client.query(`CREATE TABLE place AS SELECT 'Zürich'::text AS name`);
  await client.end();
  expect(await read('western')).toEqual([{ name: 'Zürich' }]);
});

/** The server shows a certificate of its own, which Node trusts from now on. */
async function encrypt(): Promise<void> {
  const [key, certificate] = [join(data, 'server.key'), join(data, 'server.crt')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', certificate];
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject]);
  const { uid, gid } = await stat(join(data, 'postgresql.conf'));
  for (const file of [key, certificate]) {
    await chown(file, uid, gid);
    await chmod(file, 0o600);
  }
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  await vi.waitFor(async () => expect((await admin.query('SHOW ssl')).rows).toEqual([{ ssl: 'on' }]));
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), await readFile(certificate, 'utf8')]);
}

test.runIf('setDefaultCACertificates' in tls)('a certificate that Node trusts is trusted by DuckDB, too', async () => {
  await admin.query(`CREATE TABLE place AS SELECT 'here' AS name`);
  await encrypt();
  expect(await read('postgres', { ssl: 'verify-full' })).toEqual([{ name: 'here' }]);
});
