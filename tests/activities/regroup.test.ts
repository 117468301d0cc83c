import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { ChunkTask } from '../../activities/contract.ts';
import type { Beat, Dependencies } from '../../activities/dependencies.ts';
import { putPlan, writeLedger } from '../../activities/documents.ts';
import { regroupChunk } from '../../activities/regroup.ts';
import { transformChunk } from '../../activities/transform.ts';
import { blueprint, collection, entity, sql, table } from '../../model/builders.ts';
import type { ChunkResult, Step } from '../../model/run.ts';
import { decimal, text } from '../../model/shape.ts';
import { withDuckJob, type DuckJob } from '../../staging/duckdb/job.ts';
import type { Staging } from '../../staging/index.ts';
import { readManifest, writeManifest, type StagedFile } from '../../staging/manifest.ts';
import { parquetKeys, relationOf, verifiedFile, writeRows } from '../../staging/rows.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';

// The same person was entered several times; the highest salary is the one that counts.
const person = entity('person', {
  from: table('crm.person', { key: ['person_id'], classify: { salary: 'restricted' } }),
  keyedBy: sql`lower(mail)`,
  to: collection('people', { id: 'id', legacyKey: 'legacy', shape: { name: text(50), salary: decimal(10, 2) } }),
  legacyKey: sql`lower(min(mail))`,
  fields: { name: sql`min(name)`, salary: sql`max(salary)` },
});
const secret = 'restricted-person';
const beat: Beat = { signal: new AbortController().signal, beat: () => {} };
const [Chunks, RowsAChunk, Partitions] = [3, 12_000, 4];

let staging: Staging;
let task: Omit<ChunkTask, 'step' | 'chunk' | 'ledgers'>;
beforeEach(async () => {
  staging = await staged();
  const plan = await putPlan(
    staging,
    planOf('-----BEGIN PUBLIC KEY-----', {
      blueprint: blueprint('crm', { entities: [person] }),
      order: ['person'],
      parts: {
        person: {
          columns: [],
          estimatedRows: 0,
          sourceFingerprint: '',
          targetFingerprint: '',
          classes: { name: 'internal', salary: 'restricted' },
          reads: {},
        },
      },
    }),
  );
  const of = { run: staging.run, plan, entity: 'person' };
  task = { ...of, lease: null, chunkPlan: null, prior: null, partitions: Partitions, crosswalks: {} };
});

const deps = { staging: () => Promise.resolve(staging) } as unknown as Dependencies;

async function inJob<T>(work: (job: DuckJob) => Promise<T>): Promise<T> {
  const keys = await parquetKeys(staging, ['rows', secret]);
  return withDuckJob(staging.budget, { purpose: 'test', scratch: staging.scratch, keys, locked: false }, work);
}

async function ledgerOf(step: Step, results: readonly ChunkResult[]): Promise<string> {
  return writeLedger(staging, { entity: 'person', step, previous: null, entries: results });
}

/** Every person is in each chunk once, and earns more there than in the one before. */
async function extracted(): Promise<string> {
  const results: ChunkResult[] = [];
  for (let chunk = 0; chunk < Chunks; chunk += 1) {
    const of = { entity: 'person', step: 'extract' as const, chunk };
    const rows = `SELECT CAST(i + ${chunk * RowsAChunk} AS VARCHAR) AS _key, 'P' || i || '@example.org' AS mail, 'name ' || i AS name`;
    const from = `FROM range(${RowsAChunk}) r(i)`;
    const files = await inJob(async (job) => [
      await writeRows(staging, job, of, `${rows} ${from}`, { role: 'rows', key: 'rows' }),
      await writeRows(
        staging,
        job,
        of,
        `SELECT CAST(i + ${chunk * RowsAChunk} AS VARCHAR) AS _key, CAST(${chunk} + i / 100 AS DECIMAL(10,2)) AS salary ${from}`,
        { role: 'restricted', key: secret },
      ),
    ]);
    const { run, plan } = task;
    const manifest = { version: 1 as const, run, plan, ...of, files, counts: {}, position: null };
    results.push({ chunk, manifest: await writeManifest(staging, manifest), counts: {} });
  }
  return ledgerOf('extract', results);
}

async function filesOf(step: Step, { chunk, manifest }: ChunkResult): Promise<StagedFile[]> {
  return (await readManifest(staging, { entity: 'person', step, chunk, digest: manifest })).files;
}

const relation = async (file: StagedFile): Promise<string> =>
  relationOf([{ local: await verifiedFile(staging, file), key: file.key }]);

const Figures = z.object({ n: z.coerce.number(), people: z.coerce.number(), salary: z.string() });

/** What became of the people: of each the one row that is meant, with the highest of its salaries. */
async function transformed(regroup: string): Promise<z.infer<typeof Figures>> {
  const pieces: string[] = [];
  for (let chunk = 0; chunk < Partitions; chunk += 1) {
    const made = await transformChunk(deps, { ...task, step: 'transform', chunk, ledgers: { regroup } }, beat);
    const files = await filesOf('transform', made);
    const [rows, restricted] = ['rows', 'restricted'].map((role) => files.find((file) => file.role === role));
    if (!rows || !restricted) throw new Error('a file is missing');
    pieces.push(`SELECT * FROM ${await relation(rows)} JOIN ${await relation(restricted)} USING (_key)`);
  }
  return inJob((job) =>
    job.one(
      `SELECT count(*) AS n, count(DISTINCT _key) AS people, CAST(sum(salary) AS VARCHAR) AS salary FROM (${pieces.join(' UNION ALL BY NAME ')})`,
      Figures,
    ),
  );
}
const salaries = ((RowsAChunk * (RowsAChunk - 1)) / 200 + 2 * RowsAChunk).toFixed(2);
const expected = { n: RowsAChunk, people: RowsAChunk, salary: salaries };

async function regrouped(): Promise<ChunkResult[]> {
  const extract = await extracted();
  const results: ChunkResult[] = [];
  for (let chunk = 0; chunk < Chunks; chunk += 1) {
    results.push(await regroupChunk(deps, { ...task, step: 'regroup', chunk, ledgers: { extract } }, beat));
  }
  return results;
}

test('rows that are merged meet in one partition, with what of them is restricted', async () => {
  expect(await transformed(await ledgerOf('regroup', await regrouped()))).toEqual(expected);
});

test('rows of a partition lie together in a chunk, the restricted columns as well', async () => {
  const [chunk] = await regrouped();
  if (!chunk) throw new Error('nothing was regrouped');
  const Stretch = z.object({ rows: z.coerce.number(), long: z.coerce.number() });
  const files = await filesOf('regroup', chunk);
  expect(files.map(({ role }) => role)).toEqual(['rows', 'restricted']);
  for (const file of files) {
    const numbered = `SELECT _bucket, row_number() OVER () AS place FROM ${await relation(file)}`;
    const stretches = await inJob((job) =>
      job.all(
        `SELECT count(*) AS "rows", max(place) - min(place) + 1 AS long FROM (${numbered}) GROUP BY _bucket`,
        Stretch,
      ),
    );
    expect(stretches).toHaveLength(Partitions);
    for (const { rows, long } of stretches) expect(long).toBe(rows);
  }
});

test('what an earlier version regrouped, with restricted columns as they were extracted, is still read', async () => {
  const results = await regrouped();
  const [first, ...others] = results;
  if (!first) throw new Error('nothing was regrouped');
  const extract = { entity: 'person', step: 'extract' as const, chunk: 0 };
  const manifest = await readManifest(staging, { ...extract, step: 'regroup', digest: first.manifest });
  const side = await inJob((job) =>
    writeRows(
      staging,
      job,
      extract,
      `SELECT CAST(i AS VARCHAR) AS _key, CAST(i / 100 AS DECIMAL(10,2)) AS salary FROM range(${RowsAChunk}) r(i)`,
      { role: 'restricted', key: secret },
    ),
  );
  const files = [...manifest.files.filter((file) => file.role === 'rows'), side];
  const earlier = { ...first, manifest: await writeManifest(staging, { ...manifest, files }) };
  expect(await transformed(await ledgerOf('regroup', [earlier, ...others]))).toEqual(expected);
});
