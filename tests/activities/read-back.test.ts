import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { putPlan } from '../../activities/documents.ts';
import { readBackPages } from '../../activities/read-back.ts';
import type { ChunkTask } from '../../activities/contract.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import type { ActualRow, DuckRead, Target } from '../../connectors/port.ts';
import { blueprint, collection, date, decimal, entity, sql, table, text } from '../../model/builders.ts';
import { LandfallError } from '../../model/errors.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import type { Staging } from '../../staging/index.ts';
import { readManifest } from '../../staging/manifest.ts';
import { parquetKeys, relationOf, verifiedFile } from '../../staging/rows.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';
import { never, targetWith } from './a-target.ts';

const organisation = entity('organisation', {
  from: table('crm.organisation', { key: ['org_id'] }),
  to: collection('accounts', {
    id: 'accountid',
    legacyKey: 'crm_legacyid',
    shape: { name: text(160), units: decimal(9, 2).nullable(), joined: date().nullable() },
  }),
  legacyKey: sql`'ORG-' || org_id`,
  fields: { name: sql`name`, units: sql`units`, joined: sql`joined` },
});

/** What is staged of an organisation that the target gives with these values. */
async function readBack(
  over: Partial<Target>,
  heard = { files: 0 },
  given?: Staging,
): Promise<Record<string, string | null>[]> {
  const staging = given ?? (await staged({ budget: { slots: 2 } }));
  const part = { columns: [], estimatedRows: 0, sourceFingerprint: '', targetFingerprint: '', classes: {}, reads: {} };
  const plan = planOf('-----BEGIN PUBLIC KEY-----', {
    blueprint: blueprint('crm', { entities: [organisation] }),
    parts: { organisation: part },
  });
  const task: ChunkTask = {
    run: staging.run,
    plan: await putPlan(staging, plan),
    entity: 'organisation',
    step: 'readback',
    chunk: 0,
    ledgers: {},
    lease: null,
    chunkPlan: null,
    prior: null,
    partitions: 1,
    crosswalks: {},
  };
  const deps: Dependencies = {
    staging: () => Promise.resolve(staging),
    source: never,
    target: () => Promise.resolve(targetWith(over)),
    gate: () => ({ enter: () => Promise.resolve(() => {}), report: () => {} }),
    now: () => new Date(),
  };
  const { manifest } = await readBackPages(deps, task, { signal: new AbortController().signal, beat: () => {} });
  const { files } = await readManifest(staging, {
    entity: 'organisation',
    step: 'readback',
    chunk: 0,
    digest: manifest,
  });
  heard.files = files.length;
  const inputs = await Promise.all(
    files.map(async (one) => ({ local: await verifiedFile(staging, one), key: one.key })),
  );
  const keys = await parquetKeys(staging, ['rows']);
  const reads = inputs.map((one) => one.local);
  return withDuckJob(staging.budget, { purpose: 'look', scratch: staging.scratch, keys, reads }, (job) =>
    job.all(
      `SELECT _key, name, CAST(units AS VARCHAR) AS units, CAST(joined AS VARCHAR) AS joined FROM ${relationOf(inputs)} ORDER BY _key`,
      z.record(z.string(), z.string().nullable()),
    ),
  );
}

const holding = (...values: ActualRow['values'][]): Partial<Target> => ({
  readBack: () =>
    Promise.resolve({
      rows: values.map((one, n) => ({ targetKey: `t${n}`, legacyKey: `ORG-${n}`, values: one })),
      next: null,
      asAt: '2026-01-01T00:00:00Z',
    }),
});

test('text that the target gives is read back as it is, also where no text can hold it', async () => {
  const names = ['half \ud83d a character', 'a zero \0 byte', 'a whole 👩‍👩‍👧', 'spelt out \\ud83d'];
  expect((await readBack(holding(...names.map((name) => ({ name }))))).map((row) => row['name'])).toEqual([
    // A zero byte is in no text that is written: so it is never taken for what was meant.
    'half \0d83d a character',
    'a zero \0 byte',
    'a whole 👩‍👩‍👧',
    'spelt out \\ud83d',
  ]);
});

/** A target of so many pages of a row each. */
const paged = (pages: number, page: (n: number) => Promise<ActualRow>): Partial<Target> => ({
  async readBack(_collection, after) {
    const n = after === null ? 0 : Number(after);
    return { rows: [await page(n)], next: n + 1 < pages ? String(n + 1) : null, asAt: '2026-01-01T00:00:00Z' };
  },
});
const rowOf = (n: number, values: ActualRow['values'] = {}): ActualRow => ({
  targetKey: `t${n}`,
  legacyKey: `ORG-${String(n).padStart(2, '0')}`,
  values: { name: `page ${n}`, ...values },
});

test('every page is read once, over several files, the next one while the one before it is taken in', async () => {
  const asked: number[] = [];
  const target = paged(23, (n) => {
    asked.push(n);
    return Promise.resolve(rowOf(n));
  });
  const heard = { files: 0 };
  const names = (await readBack(target, heard)).map((row) => row['name']);
  expect(names).toEqual(Array.from({ length: 23 }, (_, n) => `page ${n}`));
  expect(asked).toEqual(Array.from({ length: 23 }, (_, n) => n));
  // Ten pages a file: so much is read again at most.
  expect(heard.files).toBe(3);
});

test('a page that is not what the shape allows fails the step once the page after it is no longer under way', async () => {
  let under = 0;
  let most = 0;
  const target = paged(3, async (n) => {
    under += 1;
    most = Math.max(most, n);
    await sleep(n === 0 ? 0 : 300);
    under -= 1;
    if (n > 0) throw new Error('too late to matter');
    return rowOf(n, { units: 'NaN' });
  });
  await expect(readBack(target)).rejects.toMatchObject({ code: 'read-back.type' });
  expect({ under, most }).toEqual({ under: 0, most: 1 });
});

test('a page that cannot be read fails the step with what the target said', async () => {
  const target = paged(3, (n) => (n === 1 ? Promise.reject(new Error('page 1 is gone')) : Promise.resolve(rowOf(n))));
  await expect(readBack(target)).rejects.toThrow('page 1 is gone');
});

/** What a page says of where it is read. */
interface Said {
  /** SELECTs of the tries that are made of it. */
  tries: string[];
  next: string | null;
}
const values = (...rows: string[]): string =>
  `SELECT * FROM (VALUES ${rows.join(', ')}) AS t(_target, _key, name, units, joined)`;
/** A target of pages that DuckDB reads by itself, here without any connection. */
const direct = (pages: Record<string, Said>, asked: { rows: number[] } = { rows: [] }): Partial<Target> => ({
  // eslint-disable-next-line require-await
  async readBackDirect(_collection, fields, after, rows) {
    expect(fields).toEqual(['name', 'units', 'joined']);
    asked.rows.push(rows);
    const { tries, next } = pages[after ?? 'first'] ?? { tries: [], next: null };
    const read: DuckRead = {
      via: 'duckdb',
      extension: 'postgres_scanner',
      setup: ['CREATE OR REPLACE TEMP TABLE connected AS SELECT 1 AS one'],
      select: '',
      teardown: ['DROP TABLE connected'],
      brokenOff: (message) =>
        message.includes('away')
          ? new LandfallError({ code: 'target.lost', kind: 'transient', what: 'w', hint: 'h' })
          : null,
    };
    return {
      read,
      async request(work) {
        for (const select of tries) {
          read.select = select;
          const last = select === tries.at(-1);
          await work().catch((error: unknown) => {
            if (last || !(error instanceof LandfallError) || error.code !== 'target.lost') throw error;
          });
        }
      },
      next,
      asAt: '2026-01-01T00:00:00Z',
    };
  },
});
const away = `SELECT error('away') AS _target, NULL AS _key, NULL AS name, NULL AS units, NULL AS joined`;
/** Two pages, of which the first takes three tries. */
const twoPages = (units: string): Record<string, Said> => ({
  first: {
    tries: [
      values(`('t0', 'ORG-0', 'lost', '1.00', NULL)`),
      away,
      values(`('t0', 'ORG-0', 'one\ttwo\\n', '1.00', NULL)`, `('t1', 'ORG-1', '', NULL, '2021-01-02')`),
    ],
    next: 'second',
  },
  second: { tries: [values(`('t2', 'ORG-2', '\\N', '${units}', NULL)`)], next: null },
});

test('what DuckDB reads is taken in as objects are, page after page, and what a try that failed left is forgotten', async () => {
  const heard = { files: 0 };
  const asked = { rows: [] };
  expect(await readBack(direct(twoPages('2.5'), asked), heard)).toEqual([
    { _key: 'ORG-0', name: 'one\ttwo\\n', units: '1.00', joined: null },
    { _key: 'ORG-1', name: '', units: null, joined: '2021-01-02' },
    { _key: 'ORG-2', name: '\\N', units: '2.50', joined: null },
  ]);
  expect(heard.files).toBe(2);
  // As many rows as a chunk has, which is what memory was found to suffice for.
  expect(asked.rows).toEqual([50_000, 50_000]);
});

/** Pages of a row each, of which the reading is up to a test. */
const pagesOf = (count: number, reading: (n: number) => Promise<void>, asked: string[] = []): Partial<Target> => ({
  // eslint-disable-next-line require-await
  async readBackDirect(_collection, _fields, after) {
    asked.push(after ?? 'first');
    const n = after === null ? 0 : Number(after);
    return {
      read: {
        via: 'duckdb',
        extension: 'postgres_scanner',
        setup: [],
        select: values(`('t${n}', 'ORG-${n}', 'page ${n}', NULL, NULL)`),
        teardown: [],
        brokenOff: () => null,
      },
      async request(work) {
        await reading(n);
        await work();
      },
      next: n + 1 < count ? String(n + 1) : null,
      asAt: '2026-01-01T00:00:00Z',
    };
  },
});

test('while a page is taken in, the next is read, and no third', async () => {
  const begun = new Set<number>();
  let meanwhile: number[] = [];
  const second = Promise.withResolvers<void>();
  const target = pagesOf(4, async (n) => {
    begun.add(n);
    if (n === 1) second.resolve();
    if (n > 0) return;
    // The first page comes after the second has been asked for: one after the other, it would never come.
    await second.promise.then(() => sleep(100));
    meanwhile = [...begun];
  });
  const heard = { files: 0 };
  const rows = await readBack(target, heard);
  expect(new Set(meanwhile)).toEqual(new Set([0, 1]));
  expect(rows.map((row) => row['name'])).toEqual(['page 0', 'page 1', 'page 2', 'page 3']);
  expect(heard.files).toBe(4);
});

test('a page that fails leaves those before it read, and nothing under way', async () => {
  const staging = await staged({ budget: { slots: 2 } });
  let under = 0;
  const failing = pagesOf(5, async (n) => {
    under += 1;
    await sleep(n === 2 ? 0 : 50);
    under -= 1;
    if (n === 2) throw new Error('page 2 is gone');
  });
  await expect(readBack(failing, undefined, staging)).rejects.toThrow('page 2 is gone');
  expect(under).toBe(0);
  const asked: string[] = [];
  const rows = await readBack(
    pagesOf(5, () => Promise.resolve(), asked),
    undefined,
    staging,
  );
  expect(asked).toEqual(['2', '3', '4']);
  expect(rows.map((row) => row['name'])).toEqual(['page 0', 'page 1', 'page 2', 'page 3', 'page 4']);
});

test('what another attempt has staged counts, and what was read ahead after one’s own is forgotten', async () => {
  const staging = await staged({ budget: { slots: 2 } });
  const other = Promise.withResolvers<void>();
  const slow = readBack(
    pagesOf(3, (n) => (n === 0 ? other.promise : Promise.resolve())),
    undefined,
    staging,
  );
  // Meanwhile the target has but one page.
  const rows = await readBack(
    pagesOf(1, () => Promise.resolve()),
    undefined,
    staging,
  );
  expect(rows.map((row) => row['name'])).toEqual(['page 0']);
  other.resolve();
  expect(await slow).toEqual(rows);
});

test('a number that DuckDB reads with more digits than the shape is not rounded', async () => {
  await expect(readBack(direct(twoPages('2.505')))).rejects.toMatchObject({ code: 'read-back.precision' });
});

test('a page of which nothing is there any more is no end', async () => {
  const none = `${values(`('t', 'k', 'n', NULL, NULL)`)} WHERE false`;
  const pages = {
    first: { tries: [none], next: 'second' },
    second: { tries: [values(`('t2', 'ORG-2', 'n', NULL, NULL)`)], next: null },
  };
  expect(await readBack(direct(pages))).toEqual([{ _key: 'ORG-2', name: 'n', units: null, joined: null }]);
});

test('a connection that breaks off while DuckDB reads is the target’s failure, and another one is not', async () => {
  const failing = (select: string): Promise<unknown> => readBack(direct({ first: { tries: [select], next: null } }));
  await expect(failing(away)).rejects.toMatchObject({ code: 'target.lost', kind: 'transient' });
  await expect(failing(away.replace('away', 'refused'))).rejects.toMatchObject({ code: 'duckdb.failed' });
});

test('a target whose pages DuckDB does not read by itself is read page by page', async () => {
  const readBackDirect: Target['readBackDirect'] = () => Promise.resolve(null);
  const rows = await readBack({ ...paged(2, (n) => Promise.resolve(rowOf(n))), readBackDirect });
  expect(rows.map((row) => row['name'])).toEqual(['page 0', 'page 1']);
});

test.each([
  ['a number with more digits than the shape', { units: '1.005' }, 'read-back.precision', 'units'],
  ['a number with more digits before the point', { units: '123456789.00' }, 'read-back.type', 'units'],
  ['a number that is none', { units: 'NaN' }, 'read-back.type', 'units'],
  ['a date with a time', { joined: '2021-01-02T13:00:00Z' }, 'read-back.type', 'joined'],
  ['a date that is none', { joined: '2021-02-30' }, 'read-back.type', 'joined'],
])('%s in the target is not rounded, cut or guessed: the step names the field', async (_, values, code, field) => {
  await expect(readBack(holding({ name: 'n', ...values }))).rejects.toMatchObject({
    code,
    where: { entity: 'organisation', field },
    hint: expect.stringMatching(/\w{4}/),
  });
});

test('a target that does not know a property any more is named with it', async () => {
  const refuses = new LandfallError({
    code: 'target.bad-request',
    kind: 'permanent',
    what: 'HTTP 400.',
    hint: 'Look.',
  });
  const missing = {
    code: 'target.missing-property',
    what: 'The target’s rows have no property units.',
    where: { collection: 'accounts', field: 'units' },
    hint: '',
    severity: 'error' as const,
  };
  const readFrom = (problems: (typeof missing)[]): Promise<unknown> =>
    readBack({ readBack: () => Promise.reject(refuses), checkShape: () => Promise.resolve(problems) });
  await expect(readFrom([missing])).rejects.toMatchObject({
    code: 'plan.outdated',
    what: expect.stringContaining('no property units'),
    where: { entity: 'organisation', collection: 'accounts', field: 'units' },
  });
  // Where the target is as it was, its own refusal stands.
  await expect(readFrom([])).rejects.toBe(refuses);
});
