import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import duckdb, { DuckDBInstance } from '@duckdb/node-api';
import { LandfallError } from '../../model/errors.ts';
import { literal } from '../../model/sql.ts';
import { fileDigest } from '../file-digest.ts';
import checksums from './extension-checksums.json' with { type: 'json' };

const run = promisify(execFile);

/** Extensions that are not part of the library itself. All are signed by DuckDB; unsigned ones are never allowed. */
export type Extension = 'httpfs' | 'postgres_scanner' | 'mysql_scanner' | 'excel';

/** Without httpfs, which brings OpenSSL, DuckDB cannot write encrypted files. */
export const AlwaysLoaded = ['httpfs'] as const satisfies readonly Extension[];

interface Place {
  version: string;
  platform: string;
  cache: string;
}

let placeOnce: Promise<Place> | undefined;

/** Which version and platform extensions must match, and where this user keeps them. */
async function place(): Promise<Place> {
  placeOnce ??= (async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      const rows = await (await connection.run('SELECT platform FROM pragma_platform()')).getRowsJson();
      const version = duckdb.version();
      const platform = String(rows[0]?.[0]);
      const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
      return { version, platform, cache: join(base, 'landfall', 'duckdb', version, platform) };
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  })();
  return placeOnce;
}

/** Puts a file into the cache under its name in one step, so that processes side by side never see half of it. */
async function settle(from: string, to: string): Promise<void> {
  const temporary = `${to}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await copyFile(from, temporary);
  await rename(temporary, to);
}

/** DuckDB's own way: works where its extension server can be reached. */
async function byDuckDb(name: Extension, at: Place, target: string): Promise<boolean> {
  const folder = join(tmpdir(), `landfall-extension-${randomBytes(6).toString('hex')}`);
  await mkdir(folder, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', { extension_directory: folder });
  const connection = await instance.connect();
  const timer = setTimeout(() => connection.interrupt(), 20_000);
  try {
    await connection.run(`INSTALL ${name}`);
    await settle(join(folder, at.version, at.platform, `${name}.duckdb_extension`), target);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The wheels that DuckDB publishes for Python carry the same signed files. */
async function byPip(name: Extension, at: Place, target: string): Promise<boolean> {
  const folder = join(tmpdir(), `landfall-wheel-${randomBytes(6).toString('hex')}`);
  await mkdir(folder, { recursive: true });
  try {
    const wheel = `duckdb-extension-${name.replaceAll('_', '-')}==${at.version.replace(/^v/, '')}`;
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, wheel], {
      timeout: 180_000,
    });
    const file = (await readdir(folder)).find((entry) => entry.endsWith('.whl'));
    if (!file) return false;
    await run('python3', ['-m', 'zipfile', '-e', join(folder, file), folder], { timeout: 60_000 });
    const inside = join(folder, `duckdb_extension_${name}`, 'extensions', at.version, `${name}.duckdb_extension`);
    await settle(inside, target);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const found = new Map<Extension, Promise<string>>();

async function provide(name: Extension, log: (line: string) => void): Promise<string> {
  const at = await place();
  const offered = process.env['LANDFALL_DUCKDB_EXTENSIONS'];
  if (offered !== undefined) {
    const file = join(offered, `${name}.duckdb_extension`);
    if (existsSync(file)) return file;
  }
  const target = join(at.cache, `${name}.duckdb_extension`);
  if (existsSync(target)) return target;
  await mkdir(at.cache, { recursive: true });
  log(`Getting DuckDB's extension ${name} ${at.version} (once for this user) …`);
  if ((await byDuckDb(name, at, target)) || (await byPip(name, at, target))) return target;
  throw new LandfallError({
    code: 'duckdb.extension-missing',
    kind: 'permanent',
    what: `DuckDB's extension ${name} ${at.version} for ${at.platform} is not on this machine and could not be fetched.`,
    where: { path: target },
    hint:
      'Allow DuckDB to reach its extension server, or let `pip download` reach a package index, or copy ' +
      `${name}.duckdb_extension into a folder and name that folder in LANDFALL_DUCKDB_EXTENSIONS.`,
  });
}

async function extensionFile(name: Extension, log: (line: string) => void): Promise<string> {
  const known = found.get(name);
  if (known) return known;
  const promise = provide(name, log);
  found.set(name, promise);
  promise.catch(() => found.delete(name));
  return promise;
}

/** Files that are known in this process to be DuckDB's, or are being looked at, by what they are then. */
const trusted = new Map<string, Promise<void>>();

/** Changes whenever a file is written or replaced: its time of change cannot be set back as that of modification can. */
async function markOf(file: string): Promise<string> {
  const { dev, ino, size, ctimeMs } = await stat(file);
  return `${dev}:${ino}:${size}:${ctimeMs}`;
}

/** What this version was built with is signed: a file with the same digest is that file. */
async function compareDigest(name: Extension, file: string, expected: string): Promise<void> {
  if ((await fileDigest(file)) === expected) return;
  throw new LandfallError({
    code: 'duckdb.extension-checksum',
    kind: 'permanent',
    what: `The DuckDB extension ${name} is not the file that this version of Landfall was built with.`,
    where: { path: file },
    hint: 'Delete the file and start again, or put the right one into the folder LANDFALL_DUCKDB_EXTENSIONS names.',
  });
}

/**
 * Has DuckDB verify a file's signature, by loading it as the signed extension that it should be.
 *
 * @throws LandfallError `duckdb.extension-unsigned`
 */
export async function verifySignature(name: Extension, file: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { allow_unsigned_extensions: 'false' });
  const connection = await instance.connect();
  try {
    await connection.run(`LOAD ${literal(file)}`);
  } catch (error) {
    throw new LandfallError({
      code: 'duckdb.extension-unsigned',
      kind: 'permanent',
      what: `The DuckDB extension ${name} cannot be loaded: it is not signed by DuckDB, or not for this version of it.`,
      where: { path: file },
      hint: 'Delete the file and start again, or put the right one into the folder LANDFALL_DUCKDB_EXTENSIONS names.',
      cause: error,
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** By the recorded digest, which takes a fifth of a verification's time; where there is none, by the signature. */
async function examine(name: Extension, file: string): Promise<void> {
  const { version, platform } = await place();
  const expected = (checksums as Record<string, Partial<Record<Extension, string>>>)[`${version}/${platform}`]?.[name];
  await (expected === undefined ? verifySignature(name, file) : compareDigest(name, file, expected));
}

/**
 * The local file of an extension that DuckDB has signed: from the folder in `LANDFALL_DUCKDB_EXTENSIONS`, the user's
 * cache, DuckDB's own server, or the wheels on a Python package index, in this order. It was examined in this process and
 * not touched since, so that an instance may load it with `allow_unsigned_extensions`: DuckDB verifies the signature each
 * time else, for 0.1 to 0.3 s of a core.
 *
 * @throws LandfallError `duckdb.extension-missing` naming every remedy, `duckdb.extension-checksum`,
 *   `duckdb.extension-unsigned`
 */
export async function signedExtension(name: Extension, log: (line: string) => void = () => {}): Promise<string> {
  const file = await extensionFile(name, log);
  const asItIs = `${file} ${await markOf(file)}`;
  let known = trusted.get(asItIs);
  if (!known) {
    known = examine(name, file);
    trusted.set(asItIs, known);
    // One that was refused may be put right, or be for want of memory.
    known.catch(() => trusted.delete(asItIs));
  }
  await known;
  return file;
}
