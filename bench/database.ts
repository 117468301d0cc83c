import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, type SandboxPostgres } from '../sandbox/postgres.ts';
import { clearAway } from './leftovers.ts';
import { kinds, RowsAnEntity } from './many-entities.ts';

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
  /** So many lines as in a ledger, and the headers that they point at. @returns the database's name */
  books(rows: number): Promise<string>;
  /** So many tables of few rows. @returns the database's name */
  kinds(tables: number): Promise<string>;
  /** A new database with empty tables, to be filled by whoever is asked. @returns its name */
  empty(definitions: readonly string[]): Promise<string>;
  drop(database: string): Promise<void>;
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

/** The two tables of a ledger with headers; lines point at headers that are there. */
export const BooksTables = [
  'CREATE TABLE gl_headers (header_id integer PRIMARY KEY, reference text NOT NULL, entered_on date NOT NULL)',
  table,
  'ALTER TABLE gl_lines ADD FOREIGN KEY (header_id) REFERENCES gl_headers',
];

const headers = (
  rows: number,
): string => `INSERT INTO gl_headers SELECT i, 'J-' || md5(i::text), date '2015-01-01' + i % 3650
  FROM generate_series(1, 1 + ${rows} / 12) i`;

/** The tables of so many kinds of objects. */
export function kindTables(tables: number): string[] {
  return kinds(tables).map(
    (name) =>
      `CREATE TABLE ${name} (id integer PRIMARY KEY, name text NOT NULL, amount numeric(18,2) NOT NULL, since date NOT NULL)`,
  );
}

const kindRows = (name: string): string => `INSERT INTO ${name} SELECT i, 'No. ' || i, i / 4.0, date '2020-01-01' + i
  FROM generate_series(1, ${RowsAnEntity}) i`;

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
  let emptied = 0;
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
    for (const statement of [...statements, 'VACUUM (FREEZE, ANALYZE)', 'CHECKPOINT']) {
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
    books: (rows) => make(`books_${rows}`, [...BooksTables, headers(rows), lines(rows)]),
    kinds: (tables) => make(`kinds_${tables}`, [[...kindTables(tables), ...kinds(tables).map(kindRows)].join(';\n')]),
    async empty(definitions) {
      emptied += 1;
      const database = `empty_${emptied}`;
      await server.createDatabase(database);
      await run(database, definitions.join(';\n'));
      return database;
    },
    drop: async (database) => void (await run('postgres', `DROP DATABASE ${database} WITH (FORCE)`)),
  };
}
