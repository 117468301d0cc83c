import { readFile, stat, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob, type DuckJob } from '../../staging/duckdb/job.ts';
import type { Staging } from '../../staging/index.ts';
import { fileOf, manifestPath, readManifest, writeManifest, type Manifest } from '../../staging/manifest.ts';
import { contentOf, parquetKeys, relationOf, verifiedFile, writeNamedRows } from '../../staging/rows.ts';
import { fileDigest } from '../../staging/file-digest.ts';
import type { StagedFile } from '../../staging/manifest.ts';
import { staged } from './open-staging.ts';

const of = { entity: 'account', step: 'extract' as const, chunk: 3 };

async function inJob<T>(staging: Staging, work: (job: DuckJob) => Promise<T>, reads: string[] = []): Promise<T> {
  const keys = await parquetKeys(staging, ['rows', 'restricted-account']);
  return withDuckJob(staging.budget, { purpose: 'a test', scratch: staging.scratch, keys, reads }, work);
}

function written(staging: Staging, query: string, key = 'rows'): Promise<StagedFile> {
  return inJob(staging, (job) => writeNamedRows(staging, job, of, query, { role: 'rows', key }));
}

const people = `SELECT range AS id, 'person ' || range AS name, CASE WHEN range % 3 = 0 THEN NULL ELSE '' END AS note FROM range(1000)`;

describe('rows at rest', () => {
  test('come back as they were written, from files under more than one key', async () => {
    const staging = await staged();
    const files = [
      await written(staging, 'SELECT 1 AS id, NULL AS note'),
      await written(staging, `SELECT 2 AS id, '' AS note`, 'restricted-account'),
    ];
    const inputs = await Promise.all(
      files.map(async (file) => ({ local: await verifiedFile(staging, file), key: file.key, shape: file.shape })),
    );
    const rows = await inJob(
      staging,
      (job) =>
        job.all(
          `SELECT * FROM ${relationOf(inputs)} ORDER BY id`,
          z.object({ id: z.number(), note: z.string().nullable() }),
        ),
      inputs.map((one) => one.local),
    );
    expect(rows).toEqual([
      { id: 1, note: null },
      { id: 2, note: '' },
    ]);
  });

  test('keep every column and digit when files differ in their columns and types', async () => {
    const staging = await staged();
    const files = [
      await written(staging, `SELECT 1 AS id, 1.5::DECIMAL(4, 1) AS money`),
      await written(staging, `SELECT 2.25::DECIMAL(10, 2) AS money, 2::BIGINT AS id, 'late' AS note`),
    ];
    const inputs = await Promise.all(
      files.map(async (file) => ({ local: await verifiedFile(staging, file), key: file.key, shape: file.shape })),
    );
    const rows = await inJob(
      staging,
      (job) => job.all(`SELECT * FROM ${relationOf(inputs)} ORDER BY id`, z.record(z.string(), z.json())),
      inputs.map((one) => one.local),
    );
    expect(rows).toEqual([
      { id: '1', money: '1.50', note: null },
      { id: '2', money: '2.25', note: 'late' },
    ]);
  });

  test('are sorted in the memory of one job, however many files of the same columns there are', async () => {
    const staging = await staged();
    const files = await inJob(staging, async (job) => {
      const made: StagedFile[] = [];
      for (let n = 0; n < 60; n += 1) {
        const rows = `SELECT CAST(range AS VARCHAR) || '/${n}' AS _key, md5('${n}/' || range) AS note FROM range(5000)`;
        made.push(await writeNamedRows(staging, job, { ...of, chunk: n }, rows, { role: 'rows', key: 'rows' }));
      }
      return made;
    });
    const inputs = files.map(({ path, key, shape }) => ({ local: join(staging.folder, path), key, shape }));
    const budget = createDuckBudget({ memoryBytes: 64 * 1024 ** 2, threads: 2, slots: 1 });
    const keys = await parquetKeys(staging, ['rows']);
    const reads = inputs.map((one) => one.local);
    const options = { purpose: 'a test', scratch: staging.scratch, keys, reads };
    const { n } = await withDuckJob(budget, options, async (job) => {
      await job.run(
        `COPY (SELECT * FROM ${relationOf(inputs)} ORDER BY note) TO '${job.output('sorted.parquet')}' (FORMAT parquet)`,
      );
      return job.one(
        `SELECT count(DISTINCT _key) AS n FROM '${job.output('sorted.parquet')}'`,
        z.object({ n: z.coerce.number() }),
      );
    });
    expect(n).toBe(300_000);
  });

  test('are told by number, size and digest', async () => {
    const staging = await staged();
    const file = await written(staging, people);
    const local = join(staging.folder, file.path);
    expect(file).toMatchObject({
      role: 'rows',
      rows: 1000,
      bytes: (await stat(local)).size,
      digest: await fileDigest(local),
    });
    expect(file.path).toBe(`runs/${staging.run}/account/extract/00000003-rows-${file.digest.slice(0, 32)}.parquet`);
  });

  test('none is a file too', async () => {
    const staging = await staged();
    const file = await written(staging, `${people} LIMIT 0`);
    expect(file.rows).toBe(0);
    await expect(verifiedFile(staging, file)).resolves.toContain(file.path);
  });

  test('cannot be read from the folder', async () => {
    const staging = await staged();
    const { path } = await written(staging, people);
    const stored = await readFile(join(staging.folder, path));
    for (const text of ['person', 'name']) expect(stored.includes(text)).toBe(false);
  });

  test.each<[string, (file: string) => Promise<unknown>]>([
    ['altered', async (file) => writeFile(file, (await readFile(file)).fill(0, 50, 60))],
    [
      'altered in the same size at the same time',
      async (file) => {
        const { atime, mtime } = await stat(file);
        await writeFile(file, (await readFile(file)).fill(0, 50, 60));
        await utimes(file, atime, mtime);
      },
    ],
    ['cut short', (file) => truncate(file, 100)],
    ['emptied', (file) => truncate(file, 0)],
  ])('are refused when they were %s, even if verified before', async (_, tamper) => {
    const staging = await staged();
    const file = await written(staging, people);
    const local = await verifiedFile(staging, file);
    await tamper(local);
    await expect(verifiedFile(staging, file)).rejects.toMatchObject({ code: 'staging.altered' });
  });

  test('that are gone are called gone', async () => {
    const staging = await staged();
    const file = await written(staging, people);
    await unlink(await verifiedFile(staging, file));
    await expect(verifiedFile(staging, file)).rejects.toMatchObject({ code: 'staging.gone' });
  });
});

describe('the content digest', () => {
  function contentOfQuery(query: string): Promise<string> {
    return staged().then((staging) => inJob(staging, async (job) => (await contentOf(job, `(${query})`)).content));
  }
  const base = `SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'`;

  test('is what it was for everything that is staged already', async () => {
    const rows = `(SELECT i, CASE WHEN i % 3 > 0 THEN 'é"' || i END AS t FROM range(1000) r(i))`;
    const halves = (half: string): string => `coalesce(sum(CAST(md5_number_${half}(row) AS HUGEINT)), 0)`;
    const [found, due] = await staged().then((staging) =>
      inJob(staging, async (job) => [
        (await contentOf(job, rows)).content,
        (
          await job.one(
            `SELECT sha256(count(*) || ':' || ${halves('upper')} || ':' || ${halves('lower')}) AS content
               FROM (SELECT CAST(to_json([CAST(i AS VARCHAR), t]) AS VARCHAR) AS row FROM ${rows})`,
            z.object({ content: z.string() }),
          )
        ).content,
      ]),
    );
    expect(found).toBe(due);
  });

  test('is the same for the same rows, however ordered, encrypted or arranged', async () => {
    const staging = await staged();
    const one = await written(staging, people);
    const other = await written(staging, `${people} ORDER BY hash(id)`, 'restricted-account');
    expect(other.content).toBe(one.content);
    expect(other.digest).not.toBe(one.digest);
    expect(await contentOfQuery(`SELECT b, a FROM (${base}) ORDER BY a DESC`)).toBe(await contentOfQuery(base));
  });

  test.each([
    ['a value', `SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'z'`],
    ['NULL for empty text', `SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL`],
    ['the word NULL for NULL', `SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'NULL'`],
    ['a row twice', `${base} UNION ALL SELECT 2, 'y'`],
    ['a row twice and another gone', `SELECT 1 AS a, 'x' AS b UNION ALL SELECT 1, 'x'`],
    ['values that changed places between rows', `SELECT 1 AS a, 'y' AS b UNION ALL SELECT 2, 'x'`],
    ['a row gone', `SELECT 1 AS a, 'x' AS b`],
  ])('differs by %s', async (_, query) => {
    expect(await contentOfQuery(query)).not.toBe(await contentOfQuery(base));
  });

  test('keeps apart texts that would meet when columns are simply joined', async () => {
    expect(await contentOfQuery(`SELECT 'a","b' AS a, 'c' AS b`)).not.toBe(
      await contentOfQuery(`SELECT 'a' AS a, 'b","c' AS b`),
    );
    expect(await contentOfQuery(`SELECT ['a', 'b'] AS a`)).not.toBe(await contentOfQuery(`SELECT ['a, b'] AS a`));
    expect(await contentOfQuery(`SELECT [NULL] AS a`)).not.toBe(await contentOfQuery(`SELECT ['NULL'] AS a`));
    expect(await contentOfQuery(`SELECT 1 AS a, NULL AS b`)).not.toBe(await contentOfQuery(`SELECT NULL AS a, 1 AS b`));
  });

  test('of no rows is a digest', async () => {
    expect(await contentOfQuery(`${base} LIMIT 0`)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a manifest', () => {
  async function manifest(staging: Staging): Promise<Manifest> {
    return {
      version: 1,
      run: staging.run,
      plan: 'a'.repeat(64),
      ...of,
      files: [await written(staging, people)],
      counts: { account: { extracted: 1000 } },
      position: '0/1A2B3C',
    };
  }

  test('comes back by its digest, and names its files by role', async () => {
    const staging = await staged();
    const one = await manifest(staging);
    const digest = await writeManifest(staging, one);
    const read = await readManifest(staging, { ...of, digest });
    expect(read).toEqual(one);
    expect(fileOf(read, 'rows')).toEqual(one.files[0]);
    expect(fileOf(read, 'restricted')).toBeUndefined();
  });

  test('written again by a second attempt is the same object', async () => {
    const staging = await staged();
    const one = await manifest(staging);
    expect(await writeManifest(staging, one)).toBe(await writeManifest(staging, one));
  });

  test('is refused in place of another, altered, or gone', async () => {
    const staging = await staged();
    const one = await manifest(staging);
    const digest = await writeManifest(staging, one);
    const other = await writeManifest(staging, { ...one, position: 'elsewhere' });
    const path = (of: string): string =>
      join(
        staging.folder,
        manifestPath({ run: staging.run, entity: 'account', step: 'extract', chunk: 3, digest: of }),
      );
    await writeFile(path(digest), await readFile(path(other)));
    await expect(readManifest(staging, { ...of, digest })).rejects.toMatchObject({ code: 'staging.altered' });
    await unlink(path(digest));
    await expect(readManifest(staging, { ...of, digest })).rejects.toMatchObject({ code: 'staging.gone' });
    await expect(readManifest(staging, { ...of, chunk: 4, digest: other })).rejects.toMatchObject({
      code: 'staging.gone',
    });
  });
});
