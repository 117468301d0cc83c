import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, type SandboxPostgres } from '../sandbox/postgres.ts';
import { clearAway } from './leftovers.ts';

/** Rows of the copy that were changed, one field each, and rows that it lacks. */
export const Planted = { changed: 50, missing: 20 };

/** A database server for 2 cores and some GiB of memory; commits wait for the disk, for everybody alike. */
const settings = {
  shared_buffers: '1GB',
  effective_cache_size: '4GB',
  work_mem: '64MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
  max_parallel_workers_per_gather: '2',
  random_page_cost: '1.1',
};

export interface BenchDatabase {
  server: SandboxPostgres;
  run(database: string, sql: string): Promise<Record<string, unknown>[]>;
  /** A database `ledger` with `gl_lines` of so many rows, made unless it is there. @returns its name */
  ledger(rows: number): Promise<string>;
  /** The same rows in another database, but for what was planted. @returns its name */
  copyOf(rows: number): Promise<string>;
}

const table = `CREATE TABLE gl_lines (
  line_id bigint PRIMARY KEY, header_id integer NOT NULL, account text NOT NULL, amount numeric(18,2) NOT NULL,
  currency text NOT NULL, description text NOT NULL, posted_at timestamp NOT NULL, reversed boolean NOT NULL)`;

/** The same rows at every run: nothing in them is random. */
const lines = (rows: number): string => `INSERT INTO gl_lines SELECT i, 1 + i / 12, (100000 + (i * 7919) % 977)::text,
  ((i * 104729) % 20000003 - 10000001)::numeric / 100, (ARRAY['CHF', 'EUR', 'USD'])[1 + i % 3],
  (ARRAY['Invoice', 'Credit note', 'Accrual', 'Payment', 'Reversal'])[1 + i % 5] || ' ' || (i * 31 % 1000003) || ' of ' || md5((i / 12)::text),
  timestamp '2015-01-01' + ((i * 613) % 315360000) * interval '1 second', i % 97 = 0
  FROM generate_series(1::bigint, ${rows}) i`;

/** Spread over all rows, so that no two of them are neighbours. */
const planted = (rows: number): string => {
  const step = Math.max(1, Math.floor(rows / (Planted.changed + Planted.missing)));
  const changed = `line_id % ${step} = 0 AND line_id / ${step} <= ${Planted.changed}`;
  const gone = `line_id % ${step} = 0 AND line_id / ${step} BETWEEN ${Planted.changed + 1} AND ${Planted.changed + Planted.missing}`;
  return `UPDATE gl_lines SET amount = amount + 1 WHERE ${changed}; DELETE FROM gl_lines WHERE ${gone}`;
};

/** Starts a server of the bench's own; it and its folder go when the bench ends. */
export async function startDatabase(log: (line: string) => void): Promise<BenchDatabase> {
  const dataDir = join(tmpdir(), `landfall-bench-pg-${randomBytes(6).toString('hex')}`);
  await mkdir(dataDir, { recursive: true });
  clearAway(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startPostgres({ dataDir, settings });
  clearAway(() => server.stop());
  const made = new Set<string>();
  const run = async (database: string, sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: server.url(database) });
    await client.connect();
    try {
      const answer: unknown = await client.query(sql);
      return answer instanceof pg.Result ? (answer.rows as Record<string, unknown>[]) : [];
    } finally {
      await client.end();
    }
  };
  const make = async (database: string, statements: string[]): Promise<string> => {
    if (made.has(database)) return database;
    log(`  making the database ${database} …`);
    await server.createDatabase(database);
    for (const statement of [...statements, 'VACUUM (FREEZE, ANALYZE) gl_lines', 'CHECKPOINT']) {
      await run(database, statement);
    }
    made.add(database);
    return database;
  };
  return {
    server,
    run,
    ledger: (rows) => make(`ledger_${rows}`, [table, lines(rows)]),
    copyOf: (rows) => make(`copy_${rows}`, [table, lines(rows), planted(rows)]),
  };
}
