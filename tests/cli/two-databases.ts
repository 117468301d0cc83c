import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../sandbox/postgres.ts';

/** The source's tables, which a target may have just as they are. */
const tables = `
CREATE TYPE stage AS ENUM ('open', 'won');
CREATE TABLE customer (customer_id integer PRIMARY KEY, name text NOT NULL, parent_id integer REFERENCES customer,
  stage stage NOT NULL, credit numeric(18,2), since timestamp, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE invoice (invoice_id bigint PRIMARY KEY, customer_id integer NOT NULL REFERENCES customer,
  total numeric(18,2) NOT NULL, paid boolean NOT NULL DEFAULT false);
CREATE TABLE invoice_line (invoice_id bigint REFERENCES invoice, line_no integer, PRIMARY KEY (invoice_id, line_no));
`;

const rows = `
INSERT INTO customer SELECT n, 'Müller № ' || n, nullif(n - 1, 0), CASE WHEN n % 2 = 0 THEN 'open' ELSE 'won' END::stage,
  n + 0.25, timestamp '2020-03-29 02:30:00.123456' + n * interval '1 hour' FROM generate_series(1, 200) n;
INSERT INTO invoice SELECT n, 1 + n % 200, n + 0.5, n % 3 = 0 FROM generate_series(1, 500) n;
`;

/** Tables that number their rows themselves, with a place for the source's key. */
const numbered = `
CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text NOT NULL UNIQUE,
  name varchar(200) NOT NULL, parent_id bigint REFERENCES customer, stage text NOT NULL, credit numeric(18,2),
  since timestamp, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE invoice (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id bigint NOT NULL UNIQUE,
  customer_id bigint NOT NULL REFERENCES customer, total numeric(18,2) NOT NULL, paid boolean NOT NULL DEFAULT false);
`;

const users = `
GRANT USAGE ON SCHEMA public TO reader, loader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO loader;
`;

export interface Databases {
  source: string;
  /** A target with the source's own tables, and one that numbers rows itself. */
  same: string;
  numbered: string;
  ask(database: 'source' | 'same' | 'numbered', sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Addresses of a PostgreSQL database to read and of two to write to. */
export async function makeDatabases(): Promise<Databases> {
  const data = join(tmpdir(), `landfall-two-pg-${randomBytes(6).toString('hex')}`);
  await mkdir(data, { recursive: true });
  const server = await startPostgres({ dataDir: data, durable: false });
  const clients = new Map<string, pg.Client>();
  for (const [name, sql] of [
    ['source', tables + rows],
    ['same', tables],
    ['numbered', numbered],
  ] as const) {
    await server.createDatabase(name);
    const client = new pg.Client({ connectionString: server.url(name) });
    await client.connect();
    if (clients.size === 0) await client.query('CREATE ROLE reader LOGIN; CREATE ROLE loader LOGIN');
    await client.query(sql);
    await client.query(users);
    clients.set(name, client);
  }
  const url = (user: string, database: string): string => `postgres://${user}@127.0.0.1:${server.port}/${database}`;
  return {
    source: url('reader', 'source'),
    same: url('loader', 'same'),
    numbered: url('loader', 'numbered'),
    ask: async (database, sql) => (await clients.get(database)?.query<Record<string, unknown>>(sql))?.rows ?? [],
    async close() {
      for (const client of clients.values()) await client.end();
      await server.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}
