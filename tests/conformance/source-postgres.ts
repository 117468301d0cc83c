import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { postgres } from '../../connectors/postgres/index.ts';
import { identifier } from '../../model/sql.ts';
import { startPostgres } from '../../sandbox/postgres.ts';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import type { ColumnKind, SourceHarness, SourceMistake, TableSpec } from './source-harness.ts';

const types: Record<ColumnKind, string> = {
  integer: 'integer',
  text: 'text',
  uuid: 'uuid',
  decimal: 'numeric(30,10)',
  bytes: 'bytea',
};
const mistakes: Record<SourceMistake, Record<string, unknown>> = {
  host: { host: 'no-such-host.invalid' },
  port: { port: 9 },
  database: { database: 'even' },
  user: { user: 'nobody_here' },
  password: {},
};

export interface PostgresHarness extends SourceHarness {
  port: number;
  /** The administrator's own connection. */
  url: string;
  /** Runs SQL as the server's administrator. */
  run(sql: string, values?: unknown[]): Promise<void>;
}

/** PostgreSQL itself, as it comes from npm. */
export async function postgresHarness(): Promise<PostgresHarness> {
  const data = join(tmpdir(), `landfall-source-${randomBytes(4).toString('hex')}`);
  await mkdir(data, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'landfall-source-scratch-'));
  const server = await startPostgres({ dataDir: data, durable: false });
  await server.createDatabase('odd');
  const client = new pg.Client({ connectionString: server.url('odd') });
  await client.connect();
  await client.query(`CREATE ROLE reader LOGIN PASSWORD 'reader-secret' IN ROLE pg_read_all_data`);
  // The sandbox trusts everybody on this machine; this role has to give its password.
  const rules = join(data, 'pg_hba.conf');
  await writeFile(rules, `host odd reader 127.0.0.1/32 scram-sha-256\n${await readFile(rules, 'utf8')}`);
  await client.query('SELECT pg_reload_conf()');
  const budget = createDuckBudget({ memoryBytes: 256 * 1024 * 1024, threads: 1, slots: 1 });
  const table = (spec: TableSpec): string => identifier(spec.name);
  const keyOf = (spec: TableSpec): string => identifier(Object.keys(spec.columns)[0] ?? '');

  const harness: PostgresHarness = {
    port: server.port,
    url: server.url('odd'),
    async run(sql, values) {
      await (values ? client.query(sql, values) : client.query(sql));
    },
    awkward: `Odd "Täble"`,
    secrets: ['reader-secret', 'not-the-password'],
    async open(mistake) {
      const settings = postgres.settings.parse({
        kind: 'postgres',
        host: '127.0.0.1',
        port: server.port,
        database: 'odd',
        user: 'reader',
        password: { env: 'PASSWORD' },
        connectTimeoutMs: 2_000,
        ...(mistake ? mistakes[mistake] : {}),
      });
      const secret = mistake === 'password' ? 'not-the-password' : 'reader-secret';
      const opened = await postgres.openSource?.('odd', settings, () => secret);
      if (!opened) throw new Error('no source');
      return opened;
    },
    async create(spec) {
      const columns = Object.entries(spec.columns).map(([name, kind]) => `${identifier(name)} ${types[kind]}`);
      const key = spec.key ? [`PRIMARY KEY (${spec.key.map(identifier).join(', ')})`] : [];
      await client.query(`CREATE TABLE ${table(spec)} (${[...columns, ...key].join(', ')})`);
      await harness.insert(spec, spec.rows);
      return /^[a-z0-9]+$/.test(spec.name) ? `public.${spec.name}` : `public.${identifier(spec.name)}`;
    },
    async insert(spec, rows) {
      const places = Object.keys(spec.columns).map((_, i) => `$${i + 1}`);
      for (const row of rows) {
        const values = row.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value));
        await client.query(`INSERT INTO ${table(spec)} VALUES (${places.join(', ')})`, values);
      }
    },
    async update(spec, key, set) {
      const [[column, value] = ['', null]] = Object.entries(set);
      await client.query(`UPDATE ${table(spec)} SET ${identifier(column)} = $1 WHERE ${keyOf(spec)} = $2`, [
        value,
        key,
      ]);
    },
    async remove(spec, key) {
      await client.query(`DELETE FROM ${table(spec)} WHERE ${keyOf(spec)} = $1`, [key]);
    },
    async endLeases() {
      await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'`);
    },
    async read(source, request, bounds, lease) {
      const how = await source.readChunk(request, bounds, lease);
      if (how.via !== 'duckdb') throw new Error('not through DuckDB');
      const job = { purpose: 'read', scratch, extensions: [how.extension], locked: false };
      return withDuckJob(budget, job, async (duck) => {
        for (const statement of how.setup) await duck.run(statement);
        const columns = request.columns.map(
          ({ name }) => `CAST(${identifier(name)} AS VARCHAR) AS ${identifier(name)}`,
        );
        const rows = await duck.all(
          `SELECT ${columns.join(', ')} FROM (${how.select})`,
          z.record(z.string(), z.string().nullable()),
        );
        for (const statement of how.teardown) await duck.run(statement);
        return rows;
      });
    },
    async stop() {
      await client.end();
      await server.stop();
      await rm(data, { recursive: true, force: true });
      await rm(scratch, { recursive: true, force: true });
    },
  };
  return harness;
}
