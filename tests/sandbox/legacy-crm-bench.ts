import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createLegacyCrm, type LegacyFacts, type LegacySize } from '../../sandbox/legacy-crm/index.ts';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';

export interface LegacyBench {
  /** A legacy CRM in a database of its own. */
  create(size: LegacySize): Promise<{ url: string; facts: LegacyFacts }>;
  /** As somebody, else as the owner; ended after the test. */
  connect(url: string, as?: { user: string; password: string }): Promise<pg.Client>;
}

/** A server for the tests of one file, which may hold several legacy CRMs. */
export function legacyBench(): LegacyBench {
  let folder: string;
  let postgres: SandboxPostgres;
  let made = 0;
  const open: pg.Client[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landfall-legacy-crm-'));
    // Run as root, the server is another account's, which must be able to enter.
    await chmod(folder, 0o755);
    postgres = await startPostgres({ dataDir: join(folder, 'data'), durable: false });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((client) => client.end()));
  });
  afterAll(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    async create(size) {
      made += 1;
      await postgres.createDatabase(`crm${made}`);
      const url = postgres.url(`crm${made}`);
      return { url, facts: await createLegacyCrm({ url, ...size }) };
    },
    async connect(url, as) {
      const at = new URL(url);
      if (as) Object.assign(at, { username: as.user, password: as.password });
      const client = new pg.Client({ connectionString: at.href });
      await client.connect();
      open.push(client);
      return client;
    },
  };
}

/** How many rows a FROM clause, and what follows it, has. */
export async function figure(client: pg.Client, from: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${from}`);
  return Number(rows[0]?.n);
}
