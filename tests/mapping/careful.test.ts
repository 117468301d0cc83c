import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { withMappingJob } from '../../activities/mapping-job.ts';
import { compilePart, lookupRelation } from '../../mapping/compile.ts';
import type { Entity } from '../../model/blueprint.ts';
import {
  attachments,
  check,
  collection,
  crosswalkEither,
  decimal,
  entity,
  integer,
  leaveBehind,
  lookup,
  reference,
  sql,
  table,
  text,
} from '../../model/builders.ts';
import { identifier } from '../../model/sql.ts';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';

let scratch: string;
const budget = createDuckBudget({ memoryBytes: 256 * 1024 * 1024, threads: 1, slots: 1 });

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'landfall-careful-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const country = lookup('country', sql`CAST(CAST(place AS INTEGER) AS VARCHAR)`, { match: 'number', take: 'name' });
const goods = entity('goods', {
  from: table('shop.goods', { key: ['id'] }),
  to: collection('goods', {
    id: 'goodid',
    legacyKey: 'legacyid',
    shape: {
      pieces: integer(),
      double: integer(),
      price: decimal(18, 2).nullable(),
      country: text(20).nullable(),
      owner: reference('owners').nullable(),
    },
  }),
  legacyKey: sql`'G' || CAST(CAST(code AS INTEGER) AS VARCHAR)`,
  fields: {
    // What two of them have in common is worked out once, before either, unless DuckDB is told not to.
    pieces: sql`CAST(n AS INTEGER)`,
    double: sql`2 * CAST(n AS INTEGER)`,
    price: sql`div(CAST(price AS DECIMAL(38, 20)), 3, 2, 'half_up')`,
    country,
    owner: crosswalkEither([{ when: sql`CAST(kind AS INTEGER) = 1`, entity: 'people', key: sql`'P1'` }]),
  },
  leave: [leaveBehind('old', sql`CAST(year AS INTEGER) < 2000`, 'Nobody wants them.')],
  checks: [
    check('sold', sql`CAST(sold AS INTEGER) > 0`, { on: 'source' }),
    check('few', sql`CAST('1' || repeat('0', CAST(pieces AS INTEGER)) AS INTEGER) > 0`, { field: 'pieces' }),
  ],
  attachments: attachments({
    content: 'photo',
    property: 'photo',
    fileName: sql`chr(CAST(sheet AS INTEGER)) || '.png'`,
  }),
});

const usual = {
  code: '7',
  n: '1',
  price: '9',
  place: '41',
  kind: '1',
  year: '2020',
  sold: '1',
  sheet: '65',
};
const columns = Object.fromEntries(['id', ...Object.keys(usual)].map((name) => [name, 'VARCHAR']));

const Outcome = z.object({
  key: z.string().nullable(),
  left: z.string().nullable(),
  bad: z.array(z.object({ rule: z.string(), field: z.string().nullable() })).nullable(),
});

/** What becomes of each row, and how often the job was run. */
async function mapped(part: Entity, rows: Partial<typeof usual>[]) {
  let times = 0;
  const outcomes = await withMappingJob(budget, { purpose: 'test', scratch }, async (job, careful) => {
    times += 1;
    const compiled = compilePart(part, careful);
    await job.createTable('source', columns);
    await job.insert(
      'source',
      columns,
      rows.map((row, id) => ({ id: String(id), ...usual, ...row })),
    );
    await job.createTable(lookupRelation(country), { match: 'VARCHAR', take: 'VARCHAR' });
    await job.insert(lookupRelation(country), { match: 'VARCHAR', take: 'VARCHAR' }, [{ match: '41', take: 'CH' }]);
    await job.run(`CREATE TABLE flagged AS ${compiled.flagged(`(SELECT *, 'G' || id AS _key FROM source)`)}`);
    await job.run(`CREATE TABLE raw AS ${compiled.raw('flagged')}`);
    const types = await job.describe('SELECT * FROM raw');
    await job.run(`CREATE TABLE fitted AS ${compiled.fitted('raw', types)}`);
    const fields = compiled.readyColumns.map(identifier).join(', ');
    await job.run(`SELECT _key, ${fields} FROM fitted`);
    return job.all(
      `SELECT f._key AS key, g._left AS "left",
              coalesce(f._bad, CASE WHEN g._left IS NULL THEN g._bad END) AS bad
         FROM flagged g LEFT JOIN fitted f ON list_contains(f._sources, g._key) ORDER BY CAST(g.id AS INTEGER)`,
      Outcome,
    );
  });
  return { times, outcomes };
}

const failed = (field: string) => ({ rule: 'mapping.failed', field });

describe('a row on which an expression fails', () => {
  test('is not looked for where none does', async () => {
    const { times, outcomes } = await mapped(goods, [{}, { code: '8' }, { year: '1999' }]);
    expect(times).toBe(1);
    expect(outcomes).toEqual([
      { key: 'G7', left: null, bad: [] },
      { key: 'G8', left: null, bad: [] },
      { key: null, left: 'old', bad: null },
    ]);
  });

  test.each<[string, Partial<typeof usual>, ReturnType<typeof failed>[]]>([
    ['the key', { code: 'x' }, [failed('legacy key')]],
    ['two fields alike', { n: 'x' }, [failed('pieces'), failed('double')]],
    ['a function of Landfall’s own', { price: '0.12345678901234567' }, [failed('price')]],
    ['the key of a lookup', { place: 'x' }, [failed('country')]],
    ['the choice of a reference', { kind: 'x' }, [failed('owner')]],
    ['what leaves rows behind', { year: 'x' }, [failed('leave old')]],
    ['a check on the source', { sold: 'x' }, [failed('check sold')]],
    ['a check on what is ready', { n: '20' }, [failed('pieces')]],
    ['the name of a file', { sheet: 'x' }, [failed('attachments')]],
  ])('in %s is held back, and none beside it', async (_, row, bad) => {
    const { times, outcomes } = await mapped(goods, [{}, row, { year: '1999' }, { code: '9' }]);
    expect(times).toBe(2);
    expect(outcomes.map(({ left, bad: broken }) => ({ left, bad: broken }))).toEqual([
      { left: null, bad: [] },
      { left: null, bad },
      { left: 'old', bad: null },
      { left: null, bad: [] },
    ]);
  });

  test('in the key of a group is held back by itself', async () => {
    const merged = { ...goods, attachments: undefined, fields: {}, checks: [], keyedBy: sql`CAST(n AS INTEGER)` };
    const { outcomes } = await mapped({ ...merged, legacyKey: sql`'G' || CAST(min(n) AS VARCHAR)` }, [
      {},
      { n: 'x' },
      {},
    ]);
    expect(outcomes.map(({ bad }) => bad)).toEqual([[], [failed('keyedBy'), { rule: 'keyed-by.null', field: '' }], []]);
  });

  test('of which it cannot be told stops the chunk with what was said first', async () => {
    const merged = { ...goods, attachments: undefined, fields: {}, checks: [], keyedBy: sql`place` };
    const summed = { ...merged, legacyKey: sql`'G' || CAST(sum(CAST(n AS INTEGER)) AS VARCHAR)` } as Entity;
    await expect(mapped(summed, [{ n: 'x' }])).rejects.toMatchObject({ code: 'duckdb.failed' });
  });
});
