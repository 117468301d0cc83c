import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance, Json } from '@duckdb/node-api';
import type { z } from 'zod';
import { LandfallError } from '../../model/errors.ts';
import { identifier, literal } from '../../model/sql.ts';
import type { DuckBudget, Slot } from './budget.ts';
import type { Extension } from './extensions.ts';
import { keyStatements, leaveInstance, makeInstance, takeInstance, type Kept } from './instances.ts';

export interface DuckJobOptions {
  /** What the job is for; appears in errors. */
  purpose: string;
  /** A folder for spill and output; a private folder is made in it and removed afterwards. */
  scratch: string;
  extensions?: readonly Exclude<Extension, 'httpfs'>[];
  /** Parquet keys by name, base64. */
  keys?: Readonly<Record<string, string>>;
  /** The files that the job may read. */
  reads?: readonly string[];
  /** A folder that the job may read, for jobs of Landfall's own SQL: they share instances, and so what these may read. */
  within?: string;
  /** Whether SQL of a blueprint runs in it, which may use Landfall's functions. Absent: yes. */
  mapping?: boolean;
  /**
   * Whether each expression is worked out where it stands. Else DuckDB works out once what several have in common, before
   * any of them: and then it fails before a TRY around it can notice.
   */
  rowByRow?: boolean;
  /** Refuse everything but the files above and the job's own folder. Off only for jobs that talk to a source. */
  locked?: boolean;
  signal?: AbortSignal;
}

/** A row as JSON can carry it: exact numbers beyond 32 bits, dates and the like are text. */
export type DuckRow = Record<string, Json>;

/** Work in a DuckDB instance that no other job is in meanwhile, and in a database of which nothing is left. */
export interface DuckJob {
  /** The job's private folder: outputs are written here before they go into the store. */
  readonly folder: string;
  run(sql: string): Promise<void>;
  /**
   * Runs statements that do not need each other, as many at a time as the job has threads and connections: a statement over
   * a file of few rows keeps only one thread busy. After one that fails no other is begun.
   *
   * @param done called after each
   */
  runEach(statements: readonly string[], done?: () => void): Promise<void>;
  all<T>(sql: string, row: z.ZodType<T>): Promise<T[]>;
  /** The one row that a query gives. */
  one<T>(sql: string, row: z.ZodType<T>): Promise<T>;
  /** Rows in bounded batches. Meanwhile rows can be inserted, and nothing else be done. */
  stream(sql: string): AsyncIterable<DuckRow[]>;
  /** Texts of a query's one column as lines, in pieces of whole lines: a fraction of what rows cost as objects. */
  lines(sql: string): AsyncIterable<string>;
  /** Column names and DuckDB types of a relation or query. */
  describe(query: string): Promise<Map<string, string>>;
  /** Makes an empty table: column name to DuckDB type. */
  createTable(table: string, columns: Readonly<Record<string, string>>): Promise<void>;
  /** Adds rows that come from JavaScript; exact numbers are given as text. */
  insert(table: string, columns: Readonly<Record<string, string>>, rows: readonly object[]): Promise<void>;
  /**
   * Adds whole lines, their values between tabs, to a table of texts. `\N` is NULL, and a backslash stands before what
   * would be taken for the end of a value or of a line (PostgreSQL manual, COPY, “Text Format”).
   */
  insertLines(table: string, columns: number, lines: string): Promise<void>;
  /** A path for an output file. */
  output(name: string): string;
}

/** A password in a connection string, which DuckDB quotes whole where it cannot connect. */
const Password = /(?<=\bpassword=)'(?:[^'\\]|\\.)*'/g;

function failure(purpose: string, error: unknown): LandfallError {
  const said = error instanceof Error ? error.message : String(error);
  const message = said.replaceAll(Password, '***');
  const full = /No space left on device|max_temp_directory_size|failed to offload/i.test(message);
  const memory = /Out of Memory/i.test(message);
  return new LandfallError({
    code: full ? 'staging.full' : memory ? 'duckdb.memory' : 'duckdb.failed',
    kind: full ? 'transient' : 'permanent',
    what: full
      ? `There is no space left to work in while doing: ${purpose}.`
      : memory
        ? `The memory that the worker may use does not suffice for: ${purpose}.`
        : `DuckDB refused a statement while doing: ${purpose}.`,
    where: { step: purpose },
    hint: full
      ? 'Free space in the scratch folder, name a larger one (staging.scratch), or raise worker.spillMiB; the run then goes on.'
      : memory
        ? 'Raise worker.memoryMiB, lower worker.rowSlots, or lower chunkRows for this entity.'
        : 'The full message is with the run’s staged failures: `landfall status RUN --failure`.',
    // DuckDB quotes values in its messages, so they stay on this side of Temporal.
    confidential: message,
    cause: message === said ? error : new Error(message),
  });
}

async function guarded<T>(options: DuckJobOptions, work: () => Promise<T>): Promise<T> {
  // An interrupt between two statements stops neither: the next one must not start.
  options.signal?.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error instanceof LandfallError ? error : failure(options.purpose, error);
  }
}

/** An escaped half of a surrogate pair, as JSON writes one that has lost its other half. */
const LoneSurrogate = /\\ud[89a-f][0-9a-f]{2}/i;

/**
 * Rows as JSON that DuckDB reads. Half a character, which no text of DuckDB's can hold, is kept as a zero byte and its
 * number: different from every text that is written, so that it is never taken for one.
 */
function jsonOf(rows: readonly object[]): string {
  const text = JSON.stringify(rows);
  if (!LoneSurrogate.test(text)) return text;
  return JSON.stringify(rows, (_name, value: unknown) =>
    typeof value === 'string'
      ? value.replaceAll(/\p{Surrogate}/gu, (half) => `\0${half.charCodeAt(0).toString(16)}`)
      : value,
  );
}

/** A value of some lines as the text that it stands for. */
function unescaped(value: string, lines: string): string {
  if (!lines.includes('\\')) return value;
  // To look each value through takes as long as all else: mostly there is nothing but values that are not there.
  if (!/\\[^N]/.test(lines)) return `nullif(${value}, '\\N')`;
  // What is escaped by its own sign is put by first: a zero byte is in no line.
  const signs = { '\\\\': 0, '\\b': 8, '\\t': 9, '\\n': 10, '\\v': 11, '\\f': 12, '\\r': 13 };
  const plain = Object.entries(signs).reduce((text, [sign, by]) => `replace(${text}, '${sign}', chr(${by}))`, value);
  return `CASE WHEN NOT contains(${value}, '\\') THEN ${value}
    WHEN ${value} <> '\\N' THEN replace(${plain}, chr(0), '\\') END`;
}

/** Where a job runs. */
interface Place {
  folder: string;
  threads: number;
}

interface Connections {
  /** For all that is asked. */
  connection: DuckDBConnection;
  /** For rows that are added, in turn: a statement on a connection would end what is being read from it. */
  beside: readonly DuckDBConnection[];
}

function wrap({ connection, beside }: Connections, at: Place, options: DuckJobOptions): DuckJob {
  const { folder, threads } = at;
  const guard = <T>(work: () => Promise<T>): Promise<T> => guarded(options, work);
  let turn = 0;
  const next = (): DuckDBConnection => {
    turn += 1;
    return beside[turn % beside.length] ?? connection;
  };
  const job: DuckJob = {
    folder,
    run: (sql) => guard(async () => void (await connection.run(sql))),
    async runEach(statements, done) {
      const due = [...statements];
      const lane = async (one: DuckDBConnection): Promise<void> => {
        try {
          for (let next = due.shift(); next !== undefined; next = due.shift()) {
            const sql = next;
            await guard(() => one.run(sql));
            done?.();
          }
        } finally {
          due.length = 0;
        }
      };
      const lanes = await Promise.allSettled([connection, ...beside].slice(0, threads).map(lane));
      const failed = lanes.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    },
    all: (sql, row) =>
      guard(async () => {
        const reader = await connection.runAndReadAll(sql);
        return reader.getRowObjectsJson().map((one) => row.parse(one));
      }),
    async one(sql, row) {
      const [first] = await job.all(sql, row);
      if (first === undefined) throw failure(options.purpose, new Error(`no row from: ${sql.slice(0, 200)}`));
      return first;
    },
    async *stream(sql) {
      const result = await guard(() => connection.stream(sql));
      const batches = result.yieldRowObjectJson();
      for (;;) {
        const next = await guard(() => batches.next());
        if (next.done === true) return;
        yield next.value;
      }
    },
    async *lines(sql) {
      const result = await guard(() => connection.stream(sql));
      for (;;) {
        const chunk = await guard(() => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield `${chunk.getColumnValues(0).join('\n')}\n`;
      }
    },
    describe: (query) =>
      guard(async () => {
        const rows = await (await connection.run(`DESCRIBE ${query}`)).getRowObjectsJson();
        return new Map(rows.map((row) => [String(row['column_name']), String(row['column_type'])]));
      }),
    createTable: (table, columns) => {
      const list = Object.entries(columns).map(([name, type]) => `${identifier(name)} ${type}`);
      return job.run(`CREATE TABLE ${identifier(table)} (${list.join(', ')})`);
    },
    insert: (table, columns, rows) =>
      guard(async () => {
        if (rows.length === 0) return;
        // One JSON text for all rows: every value arrives as text and is cast by DuckDB, which keeps decimals exact.
        const shape = JSON.stringify([Object.fromEntries(Object.keys(columns).map((name) => [name, 'VARCHAR']))]);
        const casts = Object.entries(columns).map(([name, type]) => `CAST(x.${identifier(name)} AS ${type})`);
        await next().run(
          `INSERT INTO ${identifier(table)} SELECT ${casts.join(', ')} FROM (SELECT unnest(from_json(CAST($1 AS JSON), ${literal(shape)})) AS x)`,
          [jsonOf(rows)],
        );
      }),
    insertLines: (table, columns, lines) =>
      guard(async () => {
        const values = Array.from({ length: columns }, (_, i) => unescaped(`v[${i + 1}]`, lines));
        await next().run(
          `INSERT INTO ${identifier(table)} SELECT ${values.join(', ')} FROM (SELECT string_split(line, chr(9)) AS v
             FROM (SELECT unnest(string_split($1, chr(10))) AS line) WHERE line <> '')`,
          [lines],
        );
      }),
    output: (name) => join(folder, name),
  };
  return job;
}

async function connected<T>(
  duckdb: DuckDBInstance,
  signal: AbortSignal | undefined,
  work: (connections: Connections) => Promise<T>,
): Promise<T> {
  const connection = await duckdb.connect();
  const beside = [await duckdb.connect(), await duckdb.connect()];
  const interrupt = (): void => {
    for (const one of [connection, ...beside]) one.interrupt();
  };
  signal?.addEventListener('abort', interrupt);
  try {
    return await work({ connection, beside });
  } finally {
    signal?.removeEventListener('abort', interrupt);
    for (const one of [connection, ...beside]) one.closeSync();
  }
}

type Work<T> = (job: DuckJob) => Promise<T>;

async function inItsOwn<T>(budget: DuckBudget, slot: Slot, options: DuckJobOptions, work: Work<T>): Promise<T> {
  const { scratch, keys = {}, extensions = [], locked = true, mapping = true, rowByRow = false } = options;
  const reads = locked ? { files: options.reads ?? [], folders: [] } : null;
  const of = { scratch, threads: slot.threads, extensions, mapping, rowByRow, reads, keys };
  const instance = await makeInstance(budget, of, (run) => guarded(options, run));
  try {
    return await connected(instance.duckdb, options.signal, (all) =>
      work(wrap(all, { folder: instance.folder, threads: slot.threads }, options)),
    );
  } finally {
    await instance.close();
  }
}

/** Whether nothing is left of a job in its instance. */
async function cleared({ instance }: Kept, folder: string): Promise<boolean> {
  const connection = await instance.duckdb.connect();
  try {
    await rm(folder, { recursive: true, force: true });
    await connection.run('DETACH job');
    const left = await connection.runAndReadAll(`SELECT 1 FROM duckdb_databases() WHERE NOT internal`);
    return left.currentRowCount === 1;
  } catch {
    return false;
  } finally {
    connection.closeSync();
  }
}

async function inOneThatIsKept<T>(budget: DuckBudget, slot: Slot, options: DuckJobOptions, work: Work<T>): Promise<T> {
  const { scratch, within, extensions = [], locked = true, keys = {} } = options;
  const reads = locked ? { files: [], folders: within === undefined ? [] : [within] } : null;
  const of = { scratch, threads: slot.threads, extensions, mapping: false, rowByRow: false, reads };
  const kept = await takeInstance(budget, of, (run) => guarded(options, run));
  const folder = join(kept.instance.folder, `${kept.jobs}`);
  let whole = false;
  try {
    await mkdir(folder, { recursive: true });
    const done = await connected(kept.instance.duckdb, options.signal, async (all) => {
      await guarded(options, async () => {
        await all.connection.run([`ATTACH ':memory:' AS job`, ...keyStatements(keys)].join(';\n'));
        for (const one of [all.connection, ...all.beside]) await one.run('USE job');
      });
      return work(wrap(all, { folder, threads: slot.threads }, options));
    });
    whole = await cleared(kept, folder);
    return done;
  } finally {
    await (whole ? leaveInstance(budget, kept) : kept.instance.close());
  }
}

/**
 * Runs work in a DuckDB instance within the worker's budget, with encrypted spill, in UTC. Where SQL of a blueprint runs,
 * the instance is the job's own and locked to the files it was given (locking is by instance). Jobs of Landfall's own
 * SQL take over one that an earlier job left, with a database of their own: it is locked to a folder of the store, or
 * talks to a source.
 *
 * @throws LandfallError `duckdb.failed`, `duckdb.memory`, `staging.full`; the signal's reason when it is aborted
 */
export async function withDuckJob<T>(budget: DuckBudget, options: DuckJobOptions, work: Work<T>): Promise<T> {
  const slot = await budget.acquire(options.signal);
  try {
    const own = options.mapping !== false || options.reads !== undefined || options.rowByRow === true;
    return await (own ? inItsOwn : inOneThatIsKept)(budget, slot, options, work);
  } finally {
    slot.giveBack();
  }
}
