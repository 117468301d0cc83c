import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';

let folder: string;
let dataDir: string;
let server: SandboxPostgres;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-postgres-'));
  // Run as root, the server is another account's, which must be able to enter.
  await chmod(folder, 0o755);
  dataDir = join(folder, 'data');
  server = await startPostgres({ dataDir, durable: false });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function ask(of: SandboxPostgres, sql: string, database = 'postgres'): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: of.url(database) });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(sql).finally(() => client.end());
  return rows.at(-1) ?? {};
}

async function pidOf(data: string): Promise<number> {
  return Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

describe('a PostgreSQL server of one’s own', () => {
  it('speaks UTF-8, sorts by bytes, keeps UTC, has room for many workers, and listens to this machine alone', async () => {
    const shown = await ask(
      server,
      `SELECT current_setting('server_encoding') AS encoding, datcollate AS collation,
        current_setting('TimeZone') AS zone, current_setting('max_connections')::int AS connections,
        current_setting('listen_addresses') AS listens, current_setting('unix_socket_directories') AS sockets
      FROM pg_database WHERE datname = current_database()`,
    );
    expect(shown).toEqual({
      encoding: 'UTF8',
      collation: 'C',
      zone: 'UTC',
      connections: 200,
      listens: '127.0.0.1',
      sockets: '',
    });
  });

  it('makes a database once, however often it is asked, and whatever it is called', async () => {
    await server.createDatabase('a "quoted" name');
    await ask(server, 'CREATE TABLE kept AS SELECT 1 AS n', encodeURIComponent('a "quoted" name'));
    await server.createDatabase('a "quoted" name');
    expect(await ask(server, 'SELECT n FROM kept', encodeURIComponent('a "quoted" name'))).toEqual({ n: 1 });
  });

  it('keeps what was written over a restart, and waits for the disk unless told otherwise', async () => {
    const options = { dataDir: join(folder, 'restarted') };
    const first = await startPostgres({ ...options, durable: false });
    await ask(first, 'CREATE TABLE kept AS SELECT 42 AS n');
    expect(await ask(first, 'SHOW fsync')).toEqual({ fsync: 'off' });
    await first.stop();
    const second = await startPostgres(options);
    try {
      expect(await ask(second, 'SELECT n FROM kept')).toEqual({ n: 42 });
      expect(await ask(second, 'SHOW fsync')).toEqual({ fsync: 'on' });
    } finally {
      await second.stop();
    }
  });

  it('is gone when it was stopped, again and again, and leaves others alone', async () => {
    const other = await startPostgres({ dataDir: join(folder, 'other'), durable: false });
    const pid = await pidOf(join(folder, 'other'));
    await other.stop();
    await other.stop();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await ask(server, 'SELECT 1 AS n')).toEqual({ n: 1 });
  });

  it('does not start over a server that holds the data folder', async () => {
    await expect(startPostgres({ dataDir })).rejects.toMatchObject({
      code: 'sandbox.postgres',
      what: expect.stringContaining('postmaster.pid'),
      where: { path: dataDir },
    });
    expect(await pidOf(dataDir)).toBeGreaterThan(0);
    expect(await ask(server, 'SELECT 1 AS n')).toEqual({ n: 1 });
  });

  it('starts where a server was killed, and finds what was committed', async () => {
    const options = { dataDir: join(folder, 'crashed') };
    const first = await startPostgres(options);
    await ask(first, 'CREATE TABLE kept AS SELECT 7 AS n');
    const pid = await pidOf(options.dataDir);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
    const second = await startPostgres(options);
    try {
      expect(await ask(second, 'SELECT n FROM kept')).toEqual({ n: 7 });
    } finally {
      await second.stop();
    }
  });

  it('says what the server said when the port is taken, and leaves nothing running', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      await expect(startPostgres({ dataDir: join(folder, 'squatted'), port })).rejects.toMatchObject({
        code: 'sandbox.postgres',
        what: expect.stringContaining('Address already in use'),
        where: { connection: `127.0.0.1:${port}` },
      });
    } finally {
      squatter.close();
    }
    expect(existsSync(join(folder, 'squatted', 'postmaster.pid'))).toBe(false);
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'ends with the process that asked for it, when that one ends by %s',
    async (signal) => {
      const module = join(import.meta.dirname, '..', '..', 'sandbox', 'postgres.ts');
      const data = join(folder, `asked-${signal}`);
      const script = `
        const { startPostgres } = await import(${JSON.stringify(module)});
        await startPostgres({ dataDir: ${JSON.stringify(data)}, durable: false });
        console.log('up');
        setInterval(() => {}, 1000);`;
      const asking = spawn(process.execPath, ['--input-type=module', '--eval', script]);
      await once(asking.stdout, 'data');
      const pid = await pidOf(data);
      asking.kill(signal);
      await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
    },
  );

  it.runIf(process.getuid?.() === 0)('names the folder that its account cannot enter', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await expect(startPostgres({ dataDir: join(closed, 'data') })).rejects.toMatchObject({
      code: 'sandbox.postgres',
      where: { path: join(closed, 'data') },
      hint: expect.stringContaining('others may enter'),
    });
  });
});
