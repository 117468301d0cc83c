import { rm } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { writeLedger } from '../../activities/documents.ts';
import { computeFigures } from '../../activities/figures.ts';
import { receiptColumns } from '../../activities/receipts.ts';
import { openStagedEntity, type StagedPart } from '../../activities/staged-parts.ts';
import { blueprint, collection, count, entity, sql, sum, table } from '../../model/builders.ts';
import type { Control } from '../../model/controls.ts';
import type { Step } from '../../model/run.ts';
import { decimal, text } from '../../model/shape.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import type { Staging } from '../../staging/index.ts';
import { writeManifest, type StagedFile } from '../../staging/manifest.ts';
import { parquetKeys, writeRows } from '../../staging/rows.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';
import { targetWith } from './a-target.ts';

const person = entity('person', {
  from: table('crm.person', { key: ['person_id'], classify: { salary: 'restricted' } }),
  to: collection('people', { id: 'id', legacyKey: 'legacy', shape: { name: text(50), salary: decimal(10, 2) } }),
  legacyKey: sql`person_id`,
  fields: { name: sql`name`, salary: sql`salary` },
});
const secret = 'restricted-person';
const beat = { signal: new AbortController().signal, beat: () => {} };

let staging: Staging;
beforeEach(async () => {
  staging = await staged();
});

type Files = Record<string, { columns: Record<string, string>; rows: object[]; key?: string }>;

/** What a step would have left: the files of each chunk by their roles. */
async function step(name: Step, chunks: readonly (readonly Files[])[]): Promise<string> {
  const keys = await parquetKeys(staging, ['rows', secret]);
  const job = { purpose: 'test', scratch: staging.scratch, keys };
  const entries = await withDuckJob(staging.budget, job, async (duck) => {
    const made: { chunk: number; manifest: string }[] = [];
    for (const [chunk, pages] of chunks.entries()) {
      const of = { entity: person.name, step: name, chunk };
      const files: StagedFile[] = [];
      for (const [role, { columns, rows, key = 'rows' }] of pages.flatMap((page) => Object.entries(page))) {
        await duck.run('DROP TABLE IF EXISTS made');
        await duck.createTable('made', columns);
        await duck.insert('made', columns, rows);
        files.push(await writeRows(staging, duck, of, 'SELECT * FROM made', { role, key }));
      }
      const about = { version: 1 as const, run: staging.run, plan: '', position: null, counts: {} };
      made.push({ chunk, manifest: await writeManifest(staging, { ...about, ...of, files }) });
    }
    return made;
  });
  return writeLedger(staging, { entity: person.name, step: name, previous: null, entries });
}

const keyed = { _key: 'VARCHAR', _sources: 'VARCHAR[]', name: 'VARCHAR' };
const hidden = { _key: 'VARCHAR', salary: 'DECIMAL(10,2)' };
const rowsOf = (...keys: string[]): Files => ({
  rows: { columns: keyed, rows: keys.map((_key) => ({ _key, _sources: [_key], name: `name of ${_key}` })) },
  restricted: { columns: hidden, rows: keys.map((_key) => ({ _key, salary: `${_key}000.50` })), key: secret },
});
const pageOf = (...keys: string[]): Files => ({
  actual: {
    columns: { _target: 'VARCHAR', _key: 'VARCHAR', name: 'VARCHAR' },
    rows: keys.map((_key) => ({ _target: `at ${_key}`, _key, name: `name of ${_key}` })),
  },
  'actual-restricted': {
    columns: { _target: 'VARCHAR', salary: 'DECIMAL(10,2)' },
    rows: keys.map((_key) => ({ _target: `at ${_key}`, salary: `${_key}000.50` })),
    key: secret,
  },
});
const receiptsOf = (...receipts: object[]): Files => ({
  receipts: {
    columns: receiptColumns,
    rows: receipts.map((one) => ({ part: person.name, pending: false, dropped: '', sent: '', ...one })),
  },
});

async function opened(): Promise<StagedPart> {
  const created = (key: string, over: object = {}): object => ({ _key: key, outcome: 'created', ...over });
  const ledgers = {
    extract: await step('extract', [[rowsOf('1', '2')], [rowsOf('3')]]),
    transform: await step('transform', [[rowsOf('1', '2')], [rowsOf('3')]]),
    load: await step('load', [
      [receiptsOf(created('1'), created('2', { pending: true }))],
      [receiptsOf(created('3', { pending: true }))],
    ]),
    references: await step('references', [
      [receiptsOf({ _key: '2', outcome: 'refused', code: 'no' })],
      [receiptsOf(created('3'))],
    ]),
    readback: await step('readback', [[pageOf('1'), pageOf('2'), pageOf('3')]]),
  };
  const { parts } = await openStagedEntity(staging, person, ledgers);
  const part = parts.get(person.name);
  if (!part) throw new Error('there is no part');
  return part;
}

async function rows(part: StagedPart, relation: string): Promise<Record<string, unknown>[]> {
  const keys = await parquetKeys(staging, ['rows', secret]);
  const job = { purpose: 'test', scratch: staging.scratch, keys, reads: part.files };
  return withDuckJob(staging.budget, job, (duck) =>
    duck.all(`SELECT * FROM ${relation} ORDER BY ALL`, z.record(z.string(), z.unknown())),
  );
}

test('what was read back is read file by file, each row with what of it is restricted', async () => {
  const part = await opened();
  expect(part.actualPieces).toHaveLength(3);
  for (const [i, piece] of part.actualPieces.entries()) {
    const [key, files] = [`${i + 1}`, piece.match(/\.parquet/g)];
    expect(files).toHaveLength(2);
    expect(await rows(part, piece)).toEqual([
      { _target: `at ${key}`, _key: key, name: `name of ${key}`, salary: `${key}000.50` },
    ]);
  }
});

test('receipts of a later pass stand for those of the first, chunk by chunk', async () => {
  const part = await opened();
  expect(part.receipts).toHaveLength(2);
  const [first = '', second = ''] = part.receipts;
  expect(await rows(part, first)).toMatchObject([
    { _key: '1', outcome: 'created', pending: false },
    { _key: '2', outcome: 'refused', pending: false },
  ]);
  expect(await rows(part, second)).toMatchObject([{ _key: '3', outcome: 'created', pending: false }]);
});

test('controls read what is restricted only where they say so', async () => {
  const part = await opened();
  const plan = planOf('-----BEGIN PUBLIC KEY-----');
  const both = { source: { of: 'person' }, target: { of: 'person' } };
  const figures = async (...controls: Control[]): Promise<unknown[]> => {
    const all = await computeFigures(
      staging,
      {
        plan: { ...plan, blueprint: blueprint('crm', { entities: [person], controls }), order: ['person'] },
        target: targetWith({}),
        call: { gate: { enter: () => Promise.resolve(() => {}), report: () => {} } },
        parts: new Map([['person', part]]),
        keys: await parquetKeys(staging, ['rows', secret]),
        asked: {},
      },
      beat,
    );
    return all.flatMap((one) => one.groups.map((group) => [group.staged, group.moved, group.target]));
  };
  const salary = { of: 'person', value: 'salary' };
  expect(await figures(sum('paid', { scale: 2, source: salary, target: salary }))).toEqual([
    ['6001.50', '4001.00', '6001.50'],
  ]);
  for (const file of new Set(part.files)) if (file.includes('restricted')) await rm(file);
  expect(await figures(count('people', both))).toEqual([['3', '2', '3']]);
});
