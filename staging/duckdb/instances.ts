import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { literal } from '../../model/sql.ts';
import { AlwaysLoaded, signedExtension, type Extension } from './extensions.ts';
import type { DuckBudget } from './budget.ts';
import { macros } from './macros.ts';

/** What an instance is made for, and keeps to until it is closed. */
export interface InstanceOptions {
  scratch: string;
  threads: number;
  extensions: readonly Exclude<Extension, 'httpfs'>[];
  /** Landfall's functions for mapping SQL: 8 ms of a core to make. */
  mapping: boolean;
  rowByRow: boolean;
  /** What may be read beside the instance's own folder; null: everything, for jobs that talk to a source. */
  reads: { files: readonly string[]; folders: readonly string[] } | null;
  /** Parquet keys by name, base64. */
  keys: Readonly<Record<string, string>>;
}

/** A DuckDB instance within the worker's budget: encrypted spill, UTC, and a folder of its own, which goes with it. */
export interface Instance {
  readonly duckdb: DuckDBInstance;
  readonly folder: string;
  close(): Promise<void>;
}

/** Statements that give an instance Parquet keys; a key of the same name from before is forgotten. */
export function keyStatements(keys: Readonly<Record<string, string>>): string[] {
  return Object.entries(keys).map(([name, key]) => `PRAGMA add_parquet_key(${literal(name)}, ${literal(key)})`);
}

async function settings(budget: DuckBudget, folder: string, of: InstanceOptions): Promise<string[]> {
  const { spillBytes } = budget.share;
  const loads = await Promise.all([...AlwaysLoaded, ...of.extensions].map((name) => signedExtension(name)));
  const allowed =
    of.reads === null
      ? []
      : [
          `SET allowed_paths = [${of.reads.files.map((path) => literal(path)).join(', ')}]`,
          `SET allowed_directories = [${[folder, ...of.reads.folders].map((path) => literal(`${path}/`)).join(', ')}]`,
          'SET enable_external_access = false',
          'SET lock_configuration = true',
        ];
  return [
    // Among the settings that an instance is made with, DuckDB 1.5 takes this one and does not keep to it.
    ...(spillBytes === null ? [] : [`SET max_temp_directory_size = '${Math.floor(spillBytes / 1024)}KiB'`]),
    ...loads.map((file) => `LOAD ${literal(file)}`),
    `SET GLOBAL TimeZone = 'UTC'`,
    // What was read stays in no cache: another job reads other files, and memory is for its rows.
    'SET enable_external_file_cache = false',
    'SET GLOBAL preserve_insertion_order = false',
    ...(of.rowByRow ? [`SET GLOBAL disabled_optimizers = 'common_subexpressions'`] : []),
    ...keyStatements(of.keys),
    ...(of.mapping ? macros : []),
    ...allowed,
  ];
}

/** Runs statements, and says what DuckDB's errors mean. */
export type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes an instance that is ready for a job's connections. */
export async function makeInstance(budget: DuckBudget, of: InstanceOptions, guard: Guard): Promise<Instance> {
  const folder = join(of.scratch, `job-${process.pid}-${randomBytes(6).toString('hex')}`);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  let duckdb: DuckDBInstance | undefined;
  try {
    await mkdir(join(folder, 'spill'), { recursive: true });
    duckdb = await DuckDBInstance.create(':memory:', {
      memory_limit: `${Math.floor(budget.share.memoryBytes / 1024)}KiB`,
      threads: String(of.threads),
      temp_directory: join(folder, 'spill'),
      temp_file_encryption: 'true',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      // Only files that were examined are ever loaded; see `signedExtension`.
      allow_unsigned_extensions: 'true',
    });
    const connection = await duckdb.connect();
    try {
      await guard(async () => connection.run((await settings(budget, folder, of)).join(';\n')));
    } finally {
      connection.closeSync();
    }
  } catch (error) {
    duckdb?.closeSync();
    await remove();
    throw error;
  }
  const made = duckdb;
  return {
    duckdb: made,
    folder,
    async close() {
      made.closeSync();
      await remove();
    },
  };
}

export interface Kept {
  instance: Instance;
  kind: string;
  jobs: number;
  forgotten?: NodeJS.Timeout;
}

/** How long an instance waits for another job, in milliseconds. */
const IdleMs = 5_000;
/** After so many jobs a new one takes its place, whatever it may have gathered by then. */
const MostJobs = 200;

const shelves = new WeakMap<DuckBudget, Kept[]>();

function shelfOf(budget: DuckBudget): Kept[] {
  const shelf = shelves.get(budget) ?? [];
  shelves.set(budget, shelf);
  return shelf;
}

/**
 * An instance that an earlier job of the same kind left, else a new one: making one takes 20 ms of a core, which is more
 * than most small jobs do. Only for jobs of Landfall's own SQL.
 */
export async function takeInstance(budget: DuckBudget, of: Omit<InstanceOptions, 'keys'>, guard: Guard): Promise<Kept> {
  const kind = JSON.stringify(of);
  const shelf = shelfOf(budget);
  const at = shelf.findIndex((one) => one.kind === kind);
  const [found] = at < 0 ? [] : shelf.splice(at, 1);
  if (!found) return { instance: await makeInstance(budget, { ...of, keys: {} }, guard), kind, jobs: 0 };
  clearTimeout(found.forgotten);
  return found;
}

/** Leaves an instance for the next job. One in which something went wrong is closed instead. */
export async function leaveInstance(budget: DuckBudget, kept: Kept): Promise<void> {
  kept.jobs += 1;
  if (kept.jobs >= MostJobs) return kept.instance.close();
  const shelf = shelfOf(budget);
  const forget = (): void => {
    const at = shelf.indexOf(kept);
    if (at < 0) return;
    shelf.splice(at, 1);
    // A folder that cannot be removed now is for whoever clears scratch.
    void kept.instance.close().catch(() => {});
  };
  kept.forgotten = setTimeout(forget, IdleMs).unref();
  shelf.push(kept);
}

/** Closes what waits for another job. */
export async function closeInstances(budget: DuckBudget): Promise<void> {
  const shelf = shelfOf(budget);
  for (const { instance, forgotten } of shelf.splice(0)) {
    clearTimeout(forgotten);
    await instance.close();
  }
}
