import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createDuckBudget, type DuckBudget } from '../../staging/duckdb/budget.ts';
import { closeInstances } from '../../staging/duckdb/instances.ts';
import { withDuckJob, type DuckJob, type DuckJobOptions } from '../../staging/duckdb/job.ts';
import { temporaryFolder } from './open-staging.ts';

const Anything = z.record(z.string(), z.json());
const one = Buffer.alloc(32, 1).toString('base64');
const other = Buffer.alloc(32, 2).toString('base64');
const encrypted = `encryption_config = {footer_key: 'rows'}`;

interface Site {
  budget: DuckBudget;
  scratch: string;
  within: string;
}

async function site(slots = 1): Promise<Site> {
  const scratch = await temporaryFolder();
  const within = await temporaryFolder();
  return { scratch, within, budget: createDuckBudget({ memoryBytes: 256 << 20, threads: slots, slots }) };
}

/** A job of Landfall's own SQL. */
function own<T>(
  { budget, scratch, within }: Site,
  work: (job: DuckJob) => Promise<T>,
  options: Partial<DuckJobOptions> = {},
): Promise<T> {
  return withDuckJob(
    budget,
    { purpose: 'a test', scratch, within, mapping: false, keys: { rows: one }, ...options },
    work,
  );
}

/** Which instance a job runs in. */
async function instanceOf(job: DuckJob): Promise<string> {
  const { at } = await job.one(`SELECT current_setting('temp_directory') AS at`, z.object({ at: z.string() }));
  return dirname(at);
}

const count = (job: DuckJob, sql: string): Promise<unknown> => job.one(`SELECT count(*) AS n FROM (${sql})`, Anything);
const nothing = { n: '0' };

afterEach(() => vi.useRealTimers());

describe("jobs of Landfall's own SQL, one after the other", () => {
  test('run in one instance, and each finds nothing of the one before', async () => {
    const at = await site();
    const first = await own(at, async (job) => {
      await job.createTable('rows', { n: 'INTEGER' });
      await job.insert('rows', { n: 'INTEGER' }, [{ n: 1 }]);
      await job.run(`CREATE TEMP TABLE passing AS SELECT 1 AS n`);
      await job.run(`CREATE MACRO twice(x) AS 2 * x`);
      await job.run(`CREATE VIEW seen AS SELECT 1 AS n`);
      await job.run(`SET VARIABLE who = 'the first'`);
      await job.run(`COPY (SELECT 1) TO '${job.output('left.csv')}'`);
      return { instance: await instanceOf(job), folder: job.folder };
    });
    await own(at, async (job) => {
      expect(await instanceOf(job)).toBe(first.instance);
      expect(job.folder).not.toBe(first.folder);
      expect(await count(job, 'FROM duckdb_tables()')).toEqual(nothing);
      expect(await count(job, 'FROM duckdb_views() WHERE NOT internal')).toEqual(nothing);
      expect(await count(job, 'FROM duckdb_functions() WHERE NOT internal')).toEqual(nothing);
      expect(await job.one(`SELECT getvariable('who') AS who`, Anything)).toEqual({ who: null });
      expect(await count(job, `FROM glob('${first.instance}/**')`)).toEqual(nothing);
    });
  });

  test('read with the keys that each was given, and with no other of that name', async () => {
    const at = await site();
    const file = join(at.within, 'rows.parquet');
    const write = `COPY (SELECT 42 AS n) TO '${file}' (FORMAT parquet, ENCRYPTION_CONFIG {footer_key: 'rows'})`;
    const read = `SELECT * FROM read_parquet('${file}', ${encrypted})`;
    await own(at, (job) => job.run(write));
    expect(await own(at, (job) => job.one(read, Anything))).toEqual({ n: 42 });
    await expect(own(at, (job) => job.all(read, Anything), { keys: { rows: other } })).rejects.toMatchObject({
      code: 'duckdb.failed',
    });
    expect(await own(at, (job) => job.one(read, Anything))).toEqual({ n: 42 });
  });

  test('count in UTC, and keep to what each may spill and use', async () => {
    const at = await site();
    const settings = `SELECT current_setting('TimeZone') AS zone, current_setting('memory_limit') AS memory,
      current_setting('temp_file_encryption') AS sealed, current_setting('preserve_insertion_order') AS ordered`;
    const first = await own(at, (job) => job.one(settings, Anything));
    expect(first).toEqual({ zone: 'UTC', memory: '256.0 MiB', sealed: true, ordered: false });
    expect(await own(at, (job) => job.one(settings, Anything))).toEqual(first);
  });

  test.each<[string, (at: Site) => string]>([
    ['a system file', () => `SELECT * FROM read_text('/etc/passwd')`],
    ['what lies beside the store', ({ within }) => `SELECT * FROM read_text('${within}-beside/x')`],
    ['it by a detour', ({ within }) => `SELECT * FROM read_text('${within}/../passwd')`],
    ["another job's folder", ({ scratch }) => `SELECT * FROM read_text('${scratch}/job-1/spill/x')`],
    ['the network', () => `SELECT * FROM read_text('http://127.0.0.1:9/x')`],
    ['a database', () => `ATTACH '/tmp/other.db'`],
    ['a setting', () => `SET enable_external_access = true`],
    ['an extension', () => `LOAD 'postgres_scanner'`],
  ])('are refused %s', async (_what, sql) => {
    const at = await site();
    await own(at, (job) => job.run('SELECT 1'));
    await expect(own(at, (job) => job.run(sql(at)))).rejects.toMatchObject({ code: 'duckdb.failed' });
  });

  test('read a store whose folder is a link', async () => {
    const at = await site();
    const link = join(at.scratch, 'store');
    await symlink(at.within, link);
    await writeFile(join(at.within, 'x.txt'), 'there');
    const read = (job: DuckJob): Promise<unknown> =>
      job.one(`SELECT content FROM read_text('${link}/x.txt')`, Anything);
    expect(await own({ ...at, within: link }, read)).toEqual({ content: 'there' });
  });
});

describe('an instance is not used again', () => {
  const failing: [string, (job: DuckJob) => Promise<unknown>, Partial<DuckJobOptions>][] = [
    ['in which a statement failed', (job) => job.run('SELECT no_such_column'), {}],
    ['whose job failed by itself', () => Promise.reject(new Error('no')), {}],
    ['that was given to SQL of a blueprint', (job) => job.run('SELECT 1'), { mapping: true }],
    ['that was given single files', (job) => job.run('SELECT 1'), { reads: [] }],
    ['by a job that talks to a source', (job) => job.run('SELECT 1'), { locked: false }],
    ['in which something stays attached', (job) => job.run(`ATTACH ':memory:' AS source`), {}],
  ];
  test.each(failing)('%s', async (_what, work, options) => {
    const at = await site();
    let first = '';
    const before = own(
      at,
      async (job) => {
        first = await instanceOf(job);
        await work(job);
      },
      options,
    );
    await before.catch(() => {});
    expect(first).not.toBe('');
    expect(await own(at, instanceOf)).not.toBe(first);
  });

  test('whose job was stopped', async () => {
    const at = await site();
    const stop = new AbortController();
    let first = '';
    const stopped = own(
      at,
      async (job) => {
        first = await instanceOf(job);
        setTimeout(() => stop.abort(new Error('enough')), 50);
        await job.run('SELECT sum(a.range * b.range) FROM range(1_000_000) a, range(1_000_000) b');
      },
      { signal: stop.signal },
    );
    await expect(stopped).rejects.toThrow('enough');
    expect(await own(at, instanceOf)).not.toBe(first);
    await closeInstances(at.budget);
    expect(await readdir(at.scratch)).toEqual([]);
  });

  test('by a job beside the one that is in it', async () => {
    const at = await site(2);
    await own(at, (job) => job.run('SELECT 1'));
    const places = await own(at, async (job) => [await instanceOf(job), await own(at, instanceOf)]);
    expect(new Set(places).size).toBe(2);
  });

  test('when no job has come for a while: its folder is gone', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const at = await site();
    await own(at, (job) => job.run('SELECT 1'));
    await vi.advanceTimersByTimeAsync(4_000);
    await own(at, (job) => job.run('SELECT 1'));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await readdir(at.scratch)).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    await expect.poll(() => readdir(at.scratch)).toEqual([]);
  });

  test('after its folder was swept away with all that was in scratch', async () => {
    const at = await site();
    await own(at, (job) => job.run('SELECT 1'));
    await closeInstances(at.budget);
    await mkdir(at.scratch, { recursive: true });
    expect(await readdir(at.scratch)).toEqual([]);
    expect(await own(at, (job) => count(job, 'SELECT 1'))).toEqual({ n: '1' });
  });
});
