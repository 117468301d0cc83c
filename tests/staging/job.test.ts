import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { signedExtension } from '../../staging/duckdb/extensions.ts';
import { withDuckJob, type DuckJob, type DuckJobOptions } from '../../staging/duckdb/job.ts';
import { temporaryFolder } from './open-staging.ts';

const rowsKey = Buffer.alloc(32, 1).toString('base64');

interface Setting extends Partial<DuckJobOptions> {
  memoryMiB?: number;
  spillMiB?: number;
}

async function inJob<T>(
  work: (job: DuckJob) => Promise<T>,
  { memoryMiB = 256, spillMiB = 4_096, ...options }: Setting = {},
): Promise<T> {
  const scratch = options.scratch ?? (await temporaryFolder());
  const budget = createDuckBudget({
    memoryBytes: memoryMiB << 20,
    threads: 2,
    slots: 1,
    spillBytes: spillMiB * 2 ** 20,
  });
  return withDuckJob(budget, { purpose: 'a test', keys: { rows: rowsKey }, ...options, scratch }, work);
}

const Anything = z.record(z.string(), z.json());

describe('a job', () => {
  test('gives rows without losing a digit', async () => {
    const [row] = await inJob((job) =>
      job.all(
        `SELECT 9007199254740993 AS big, 170141183460469231731687303715884105727::HUGEINT AS huge, 0.10::DECIMAL(38, 2) AS money,
           DATE '1582-10-15' AS day, TIMESTAMPTZ '2026-03-01 12:00:00.123456+02' AS at, NULL AS nothing, '' AS empty`,
        Anything,
      ),
    );
    expect(row).toEqual({
      big: '9007199254740993',
      huge: '170141183460469231731687303715884105727',
      money: '0.10',
      day: '1582-10-15',
      at: '2026-03-01 10:00:00.123456+00',
      nothing: null,
      empty: '',
    });
  });

  test('hands on rows in bounded batches', async () => {
    const sizes = await inJob(async (job) => {
      const sizes: number[] = [];
      for await (const batch of job.stream('SELECT range AS n FROM range(10_000)')) sizes.push(batch.length);
      return sizes;
    });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(10_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2048);
  });

  test('names the columns and types of a query', async () => {
    const types = await inJob((job) => job.describe('SELECT 1::DECIMAL(10, 2) AS money, [1] AS list'));
    expect([...types]).toEqual([
      ['money', 'DECIMAL(10,2)'],
      ['list', 'INTEGER[]'],
    ]);
  });

  test('keeps what DuckDB quotes of a row out of its error', async () => {
    const failure = await inJob((job) => job.run(`SELECT 'iban DE02120300000000202051'::INTEGER`)).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'duckdb.failed', confidential: expect.stringContaining('DE02') as string });
    expect(String(failure)).not.toContain('DE02');
  });

  test('runs statements that do not need each other, each once', async () => {
    let done = 0;
    const rows = await inJob(async (job) => {
      await job.createTable('numbers', { n: 'INTEGER' });
      await job.runEach(
        Array.from({ length: 20 }, (_, n) => `INSERT INTO numbers SELECT ${n} FROM range(1000)`),
        () => (done += 1),
      );
      return job.one('SELECT count(*) AS rows, count(DISTINCT n) AS numbers FROM numbers', Anything);
    });
    expect(rows).toEqual({ rows: '20000', numbers: '20' });
    expect(done).toBe(20);
  });

  test('begins no statement after one that failed, and ends those that had begun', async () => {
    const { failed, numbers } = await inJob(async (job) => {
      await job.createTable('numbers', { n: 'INTEGER' });
      const inserts = Array.from({ length: 20 }, (_, n) => `INSERT INTO numbers VALUES (${n})`);
      const statements = ['SELECT 1', `SELECT 'x'::INTEGER`, 'SELECT count(*) FROM range(50_000_000)', ...inserts];
      const failed: unknown = await job.runEach(statements).catch((error: unknown) => error);
      return { failed, numbers: await job.all('SELECT n FROM numbers', Anything) };
    });
    expect(failed).toMatchObject({ code: 'duckdb.failed' });
    expect(numbers).toEqual([]);
  });

  test('leaves nothing in the scratch folder, whether it ends well or not', async () => {
    const scratch = await temporaryFolder();
    await inJob((job) => writeFile(job.output('a.parquet'), 'x'), { scratch });
    await expect(inJob((job) => job.run('SELECT nonsense'), { scratch })).rejects.toMatchObject({
      code: 'duckdb.failed',
    });
    await expect(inJob(() => Promise.reject(new Error('own')), { scratch })).rejects.toThrow('own');
    expect(await readdir(scratch)).toEqual([]);
  });

  const endless = 'SELECT count(*) FROM range(10_000_000_000) a WHERE hash(a.range) % 7 = 8';

  test('stops in the middle of a statement when it is called off, and gives its slot back', async () => {
    const budget = createDuckBudget({ memoryBytes: 256 << 20, threads: 2, slots: 1 });
    const scratch = await temporaryFolder();
    const signal = AbortSignal.timeout(200);
    const started = Date.now();
    const job = withDuckJob(budget, { purpose: 'a test', scratch, signal }, (job) => job.run(endless));
    await expect(job).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(Date.now() - started).toBeLessThan(5000);
    (await budget.acquire()).giveBack();
    expect(await readdir(scratch)).toEqual([]);
  });

  test('starts no further statement when it is called off between two', async () => {
    const cancel = new AbortController();
    const job = inJob(
      async (job) => {
        cancel.abort(new Error('cancelled'));
        await job.run(endless);
      },
      { signal: cancel.signal },
    );
    await expect(job).rejects.toThrow('cancelled');
  });

  test('says that the memory does not suffice, and what to change', async () => {
    const greedy = inJob((job) => job.run(`SELECT list(range::VARCHAR || repeat('x', 100)) FROM range(3_000_000)`), {
      memoryMiB: 48,
    });
    await expect(greedy).rejects.toMatchObject({
      code: 'duckdb.memory',
      hint: expect.stringContaining('worker.memoryMiB') as string,
    });
  });
});

test('a job that may not spill more says so, and what to change, and leaves nothing behind', async () => {
  const scratch = await temporaryFolder();
  const greedy = inJob(
    (job) =>
      job.run(
        'CREATE TEMP TABLE t AS SELECT md5(range::VARCHAR) AS a, md5((range + 1)::VARCHAR) AS b FROM range(4000000)',
      ),
    { memoryMiB: 64, spillMiB: 16, scratch },
  );
  await expect(greedy).rejects.toMatchObject({
    code: 'staging.full',
    kind: 'transient',
    hint: expect.stringContaining('worker.spillMiB') as string,
  });
  expect(await readdir(scratch)).toEqual([]);
});

/** Everything that lies in a folder at this moment, as far as it can be read. */
async function contents(folder: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await open(join(entry.parentPath, entry.name)).catch(() => null);
    if (!file) continue;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4 << 20), 0, 4 << 20, 0);
    await file.close();
    parts.push(buffer.subarray(0, bytesRead));
  }
  return Buffer.concat(parts);
}

test('what a job spills to disk cannot be read there', async () => {
  const planted = 'planted-in-the-spill';
  const seen: Buffer[] = [];
  await inJob(
    async (job) => {
      const ended = new AbortController();
      const sort = job
        .run(
          `COPY (SELECT '${planted}' || hash(range)::VARCHAR || repeat('y', 60) AS t FROM range(2_000_000) ORDER BY t)
           TO '${job.output('sorted.parquet')}' (FORMAT parquet, ENCRYPTION_CONFIG {footer_key: 'rows'})`,
        )
        .finally(() => ended.abort());
      sort.catch(() => {});
      while (!ended.signal.aborted) {
        seen.push(await contents(join(job.folder, 'spill')));
        await setTimeout(30);
      }
      await sort;
    },
    { memoryMiB: 128 },
  );
  const spilled = Buffer.concat(seen);
  expect(spilled.length).toBeGreaterThan(1 << 20);
  expect(spilled.includes(planted)).toBe(false);
});

describe('a locked job', () => {
  async function given(): Promise<{ mine: string; other: string; secret: string; scratch: string }> {
    const folder = await temporaryFolder();
    const scratch = await temporaryFolder();
    const mine = join(folder, 'store', 'mine.parquet');
    const other = join(folder, 'store', 'other.parquet');
    const secret = join(folder, 'master.key');
    await mkdir(dirname(mine));
    await writeFile(secret, 'the master key');
    await inJob(
      async (job) => {
        for (const path of [mine, other]) {
          await job.run(`COPY (SELECT 42 AS n) TO '${path}' (FORMAT parquet, ENCRYPTION_CONFIG {footer_key: 'rows'})`);
        }
      },
      { locked: false },
    );
    return { mine, other, secret, scratch };
  }

  const encrypted = `encryption_config = {footer_key: 'rows'}`;

  test('reads the files that it was given and writes into its own folder', async () => {
    const { mine, scratch } = await given();
    const rows = await inJob(
      async (job) => {
        const out = job.output('out.parquet');
        await job.run(
          `COPY (SELECT n + 1 AS n FROM read_parquet('${mine}', ${encrypted})) TO '${out}' (FORMAT parquet, ENCRYPTION_CONFIG {footer_key: 'rows'})`,
        );
        return job.all(`SELECT * FROM read_parquet('${out}', ${encrypted})`, z.object({ n: z.number() }));
      },
      { scratch, reads: [mine] },
    );
    expect(rows).toEqual([{ n: 43 }]);
  });

  test.each<[string, (at: { mine: string; other: string; secret: string; scratch: string }) => string]>([
    ['a system file', () => `SELECT * FROM read_text('/etc/passwd')`],
    ['the master key', ({ secret }) => `SELECT * FROM read_blob('${secret}')`],
    ["another entity's chunk", ({ other }) => `SELECT * FROM read_parquet('${other}', ${encrypted})`],
    [
      'it by a detour',
      ({ mine, other }) =>
        `SELECT * FROM read_parquet('${dirname(mine)}/x/../${other.split('/').pop()}', ${encrypted})`,
    ],
    ['it by a pattern', ({ mine }) => `SELECT * FROM read_parquet('${dirname(mine)}/*.parquet', ${encrypted})`],
    ['the list of files', ({ mine }) => `SELECT error(file) FROM glob('${dirname(mine)}/*')`],
    ["another job's folder", ({ scratch }) => `SELECT * FROM read_text('${scratch}/job-1/spill/x')`],
    ['the network', () => `SELECT * FROM read_text('http://127.0.0.1:9/x')`],
    ['a new file elsewhere', ({ secret }) => `COPY (SELECT 1) TO '${secret}.csv'`],
    ['a new file beside its folder', ({ scratch }) => `COPY (SELECT 1) TO '${dirname(scratch)}/escaped.csv'`],
    ['another database', ({ secret }) => `ATTACH '${secret}.db'`],
    ['an extension', () => `LOAD '/tmp/any.duckdb_extension'`],
    ['an extension to install', () => 'INSTALL httpfs'],
    ['the lock', () => 'SET lock_configuration = false'],
    ['external access', () => 'SET enable_external_access = true'],
    ['the allowed files', () => `SET allowed_paths = ['/etc/passwd']`],
    ['the allowed folders', () => `SET allowed_directories = ['/']`],
    ['the memory limit', () => `SET memory_limit = '100GB'`],
    ['the time zone', () => `SET TimeZone = 'Asia/Tokyo'`],
    ['the spill folder', () => `SET temp_directory = '/tmp'`],
    ['the encryption of spill', () => 'SET temp_file_encryption = false'],
    ['a setting by reset', () => 'RESET memory_limit'],
    ['a secret of its own', () => `CREATE SECRET (TYPE http, BEARER_TOKEN 'x')`],
    ['a Python or shell', () => `SELECT * FROM read_csv('echo x |')`],
  ])('is refused %s', async (_, statement) => {
    const at = await given();
    await expect(
      inJob((job) => job.run(statement(at)), { scratch: at.scratch, reads: [at.mine] }),
    ).rejects.toMatchObject({
      code: 'duckdb.failed',
      confidential: expect.stringMatching(
        /Permission Error|has been locked|disabled by configuration|external access|configuration has been|file system/i,
      ) as string,
    });
  });

  test('cannot read its files without the key', async () => {
    const { mine } = await given();
    for (const keys of [{}, { rows: Buffer.alloc(32, 9).toString('base64') }]) {
      for (const by of [`read_parquet('${mine}')`, `read_parquet('${mine}', ${encrypted})`]) {
        await expect(inJob((job) => job.run(`SELECT * FROM ${by}`), { reads: [mine], keys })).rejects.toMatchObject({
          code: 'duckdb.failed',
        });
      }
    }
  });

  test('is told nothing of the keys it was given', async () => {
    const failure = await inJob(() => Promise.resolve(), { keys: { rows: 'short' } }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'duckdb.failed' });
    const settings = await inJob((job) => job.all(`SELECT name, value FROM duckdb_settings()`, Anything));
    expect(JSON.stringify(settings)).not.toContain(rowsKey);
  });
});

test('the extension that reads PostgreSQL loads from the cache', async () => {
  expect(await signedExtension('postgres_scanner')).toContain('postgres_scanner');
  const loaded = await inJob(
    (job) => job.all(`SELECT loaded FROM duckdb_extensions() WHERE extension_name LIKE 'postgres%'`, Anything),
    { extensions: ['postgres_scanner'], locked: false },
  );
  expect(loaded).toEqual([{ loaded: true }]);
});
