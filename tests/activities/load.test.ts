import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { ChunkTask } from '../../activities/contract.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { putPlan, writeLedger } from '../../activities/documents.ts';
import { loadChunk } from '../../activities/load.ts';
import type { RowOutcome, TargetDocument } from '../../connectors/port.ts';
import { blueprint, collection, entity, header, lines, sql, table } from '../../model/builders.ts';
import { reference, text } from '../../model/shape.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import type { Staging } from '../../staging/index.ts';
import { writeManifest } from '../../staging/manifest.ts';
import { parquetKeys, writeRows } from '../../staging/rows.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';
import { never, targetWith } from './a-target.ts';

const line = lines('line', {
  from: table('erp.line', { key: ['journal_id', 'n'] }),
  to: collection('lines', {
    id: 'lineid',
    legacyKey: 'legacyid',
    shape: { memo: text(10_000), journal: reference('journals') },
  }),
  legacyKey: sql`journal_id || '/' || n`,
  headerKey: ['journal_id'],
  fields: { memo: sql`memo`, journal: header() },
});
const journal = entity('journal', {
  from: table('erp.journal', { key: ['journal_id'] }),
  to: collection('journals', { id: 'journalid', legacyKey: 'legacyid', shape: { name: text(100) } }),
  legacyKey: sql`journal_id`,
  fields: { name: sql`name` },
  lines: line,
});

const Journals = 40;
const LinesEach = 1_000;
const MemoBytes = 4_000;

/** One chunk of journals that are ready, each with its lines. */
async function ready(staging: Staging): Promise<string> {
  const keys = await parquetKeys(staging, ['rows']);
  const of = { entity: journal.name, step: 'transform' as const, chunk: 0 };
  const files = await withDuckJob(staging.budget, { purpose: 'test', scratch: staging.scratch, keys }, async (job) => [
    await writeRows(
      staging,
      job,
      of,
      `SELECT 'J-' || n AS _key, ['J-' || n] AS _sources, 'Journal' AS name FROM range(${Journals}) r(n)`,
      { role: 'rows', key: 'rows' },
    ),
    await writeRows(
      staging,
      job,
      of,
      `SELECT 'J-' || j || '/' || n AS _key, ['J-' || j || '/' || n] AS _sources, 'J-' || j AS _header,
         repeat(chr(CAST(97 + n % 26 AS INTEGER)), ${MemoBytes}) AS memo FROM range(${Journals}) a(j), range(${LinesEach}) b(n)`,
      { role: 'line.rows', key: 'rows' },
    ),
  ]);
  const about = { version: 1 as const, run: staging.run, plan: '', position: null, counts: {} };
  const manifest = await writeManifest(staging, { ...about, ...of, files });
  return writeLedger(staging, {
    entity: journal.name,
    step: 'transform',
    previous: null,
    entries: [{ chunk: 0, manifest }],
  });
}

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

/** What is in use in bytes, nothing counted that could be freed. */
function heap(): number {
  if (typeof collectGarbage === 'function') collectGarbage();
  return process.memoryUsage().heapUsed;
}

test('memory holds the documents that are under way, however many lines a chunk has', async () => {
  const staging = await staged();
  const plan = planOf('-----BEGIN PUBLIC KEY-----', { blueprint: blueprint('erp', { entities: [journal] }) });
  const task: ChunkTask = {
    run: staging.run,
    plan: await putPlan(staging, {
      ...plan,
      parts: Object.fromEntries(
        [journal.name, line.name].map((name) => [
          name,
          {
            columns: [],
            estimatedRows: 0,
            sourceFingerprint: '',
            targetFingerprint: '',
            classes: {},
            reads: {},
          },
        ]),
      ),
    }),
    entity: journal.name,
    step: 'load',
    chunk: 0,
    ledgers: { transform: await ready(staging) },
    lease: null,
    chunkPlan: null,
    prior: null,
    partitions: 1,
    crosswalks: {},
  };
  const before = heap();
  let most = 0;
  const sizes = new Map<string, number>();
  const writeBatch = async (documents: readonly TargetDocument[]): Promise<RowOutcome[]> => {
    if (sizes.size === 0) most = heap() - before;
    const outcomes: RowOutcome[] = [];
    for (const { collection: of, row, lines: under } of documents) {
      sizes.set(row.legacyKey, under?.rows.length ?? 0);
      const made = { outcome: 'created' as const, targetKey: 'there' };
      outcomes.push({ legacyKey: row.legacyKey, collection: of.collection, ...made });
      for (const one of under?.rows ?? []) outcomes.push({ legacyKey: one.legacyKey, collection: 'lines', ...made });
    }
    return outcomes;
  };
  const deps: Dependencies = {
    staging: () => Promise.resolve(staging),
    source: never,
    target: () => Promise.resolve(targetWith({ batchLimit: 100, writeBatch })),
    gate: () => ({ enter: () => Promise.resolve(() => {}), report: () => {} }),
    now: () => new Date(),
  };
  const { counts } = await loadChunk(deps, task, { signal: new AbortController().signal, beat: () => {} });
  expect([...sizes.values()]).toEqual(Array.from({ length: Journals }, () => LinesEach));
  expect(counts).toMatchObject({ journal: { created: Journals }, line: { created: Journals * LinesEach } });
  expect(most).toBeLessThan((Journals * LinesEach * MemoBytes) / 3);
});
