import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { moveAttachments } from '../../activities/attachments.ts';
import type { ChunkTask } from '../../activities/contract.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { putPlan, writeLedger } from '../../activities/documents.ts';
import { receiptColumns } from '../../activities/receipts.ts';
import { attachments, blueprint, collection, entity, sql, table } from '../../model/builders.ts';
import { LandfallError } from '../../model/errors.ts';
import type { Step } from '../../model/run.ts';
import { text } from '../../model/shape.ts';
import { putBlob } from '../../staging/blobs.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import type { Staging } from '../../staging/index.ts';
import { readManifest, writeManifest } from '../../staging/manifest.ts';
import { parquetKeys, relationOf, verifiedFile, writeRows } from '../../staging/rows.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';
import { never, targetWith } from './a-target.ts';

const note = entity('note', {
  from: table('crm.note', { key: ['note_id'] }),
  to: collection('annotations', { id: 'annotationid', legacyKey: 'crm_legacyid', shape: { subject: text(500) } }),
  legacyKey: sql`'NOTE-' || note_id`,
  keyedBy: sql`topic`,
  fields: { subject: sql`first(subject ORDER BY note_id)` },
  attachments: attachments({ content: 'content', property: 'documentbody', fileName: sql`'a.txt'` }),
});

let staging: Staging;
/** What the target holds, and how often each row was written to. */
let files: Map<string, Buffer>;
let puts: string[];
/** What happens before a file is taken. */
let before: (targetKey: string) => Promise<void>;

beforeEach(async () => {
  staging = await staged();
  files = new Map();
  puts = [];
  before = () => Promise.resolve();
});

/** The files of the rows that a step wrote, as a step would. */
async function chunkOf(step: Step, role: string, columns: Record<string, string>, rows: object[]): Promise<string> {
  const keys = await parquetKeys(staging, ['rows']);
  const of = { entity: note.name, step, chunk: 0 };
  const file = await withDuckJob(staging.budget, { purpose: 'test', scratch: staging.scratch, keys }, async (job) => {
    await job.createTable('made', columns);
    await job.insert('made', columns, rows);
    return writeRows(staging, job, of, 'SELECT * FROM made', { role, key: 'rows' });
  });
  const about = { version: 1 as const, run: staging.run, plan: '', position: null, counts: {} };
  const manifest = await writeManifest(staging, { ...about, ...of, files: [file] });
  return writeLedger(staging, { entity: note.name, step, previous: null, entries: [{ chunk: 0, manifest }] });
}

/** A partition whose rows are made of these source rows, each with the text of its file. */
async function partition(rows: Record<string, Record<string, string>>): Promise<ChunkTask> {
  const ready = Object.entries(rows).map(([key, sources]) => ({
    _key: key,
    _sources: Object.keys(sources),
    _file_name: 'a.txt',
  }));
  const columns = { _key: 'VARCHAR', _sources: 'VARCHAR[]', _file_name: 'VARCHAR' };
  const receipts = ready.map(({ _key }) => ({ part: note.name, _key, outcome: 'created', target: `at ${_key}` }));
  const blobs: object[] = [];
  for (const [source, content] of Object.values(rows).flatMap(Object.entries<string>)) {
    blobs.push({ _source: source, ...(await putBlob(staging, Readable.from([Buffer.from(content)]))) });
  }
  const blobColumns = { _source: 'VARCHAR', path: 'VARCHAR', bytes: 'BIGINT', sha256: 'VARCHAR', key: 'VARCHAR' };
  return {
    run: staging.run,
    plan: await putPlan(
      staging,
      planOf('-----BEGIN PUBLIC KEY-----', { blueprint: blueprint('crm', { entities: [note] }) }),
    ),
    entity: note.name,
    step: 'attachments',
    chunk: 0,
    ledgers: {
      extract: await chunkOf('extract', 'blobs', blobColumns, blobs),
      transform: await chunkOf('transform', 'rows', columns, ready),
      load: await chunkOf('load', 'receipts', receiptColumns, receipts),
    },
    lease: null,
    chunkPlan: null,
    prior: null,
    partitions: 1,
    crosswalks: {},
  };
}

const target = targetWith({
  async putAttachment(_collection, targetKey, _property, file) {
    puts.push(targetKey);
    await before(targetKey);
    const pieces: Uint8Array[] = [];
    for await (const piece of file.content()) pieces.push(piece);
    files.set(targetKey, Buffer.concat(pieces));
  },
  openAttachment: (_collection, targetKey) => Promise.resolve(Readable.from([files.get(targetKey) ?? Buffer.alloc(0)])),
});

async function move(task: ChunkTask): Promise<{ key: string; there: boolean }[]> {
  const deps: Dependencies = {
    staging: () => Promise.resolve(staging),
    source: never,
    target: () => Promise.resolve(target),
    gate: () => ({ enter: () => Promise.resolve(() => {}), report: () => {} }),
    now: () => new Date(),
  };
  const beat = { signal: new AbortController().signal, beat: () => {} };
  const { manifest } = await moveAttachments(deps, task, beat);
  const of = { entity: note.name, step: 'attachments', chunk: 0, digest: manifest };
  const [file] = (await readManifest(staging, of)).files;
  if (!file) throw new Error('no file');
  const inputs = [{ local: await verifiedFile(staging, file), key: file.key }];
  const job = { purpose: 'test', scratch: staging.scratch, keys: await parquetKeys(staging, ['rows']) };
  return withDuckJob(staging.budget, { ...job, reads: inputs.map((one) => one.local) }, (duck) =>
    duck.all(
      `SELECT _key AS key, sha256 = actual_sha256 AS there FROM ${relationOf(inputs)} ORDER BY ALL`,
      z.object({ key: z.string(), there: z.boolean() }),
    ),
  );
}

test('of rows that were merged, the file that found no place is not taken for one that arrived', async () => {
  const moved = await move(await partition({ 'NOTE-1': { '1': 'first', '2': 'second' }, 'NOTE-3': { '3': 'third' } }));
  expect(moved).toEqual([
    { key: 'NOTE-1', there: false },
    { key: 'NOTE-1', there: true },
    { key: 'NOTE-3', there: true },
  ]);
  expect(files.get('at NOTE-1')?.toString()).toBe('first');
});

const numbered = (n: number): Record<string, Record<string, string>> =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`NOTE-${1000 + i}`, { [String(i)]: `text ${i}` }]));
const reset = new LandfallError({ code: 'target.reset', kind: 'transient', what: 'Cut.', hint: 'Look.' });

test('an attempt goes on where the one before it stopped', async () => {
  const task = await partition(numbered(130));
  before = async (key) => {
    if (key === 'at NOTE-1120') throw reset;
  };
  await expect(move(task)).rejects.toBe(reset);
  before = () => Promise.resolve();
  const first = puts.splice(0);
  expect((await move(task)).filter((one) => one.there)).toHaveLength(130);
  expect(first).toContain('at NOTE-1000');
  expect(puts.toSorted()[0]).toBe('at NOTE-1100');
  expect(puts).toHaveLength(30);
});

test('an attempt that fails leaves nothing under way', async () => {
  before = async (key) => {
    if (key === 'at NOTE-1000') throw reset;
    await sleep(20);
  };
  await expect(move(await partition(numbered(40)))).rejects.toBe(reset);
  const started = puts.length;
  expect(files.size).toBe(started - 1);
  await sleep(200);
  expect(puts).toHaveLength(started);
});
