import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ChunkTask } from '../../activities/contract.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { putPlan, writeLedger } from '../../activities/documents.ts';
import { loadChunk } from '../../activities/load.ts';
import { inputsOf } from '../../activities/transform.ts';
import type { Target } from '../../connectors/port.ts';
import type { Entity } from '../../model/blueprint.ts';
import {
  blueprint,
  collection,
  crosswalk,
  crosswalkEither,
  entity,
  header,
  lines,
  sql,
  table,
  targetLookup,
} from '../../model/builders.ts';
import type { ChunkResult } from '../../model/run.ts';
import {
  bigInteger,
  choice,
  date,
  decimal,
  flag,
  integer,
  reference,
  text,
  timestamp,
  uuid,
} from '../../model/shape.ts';
import { identifier } from '../../model/sql.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import type { Staging } from '../../staging/index.ts';
import { readManifest, writeManifest } from '../../staging/manifest.ts';
import { parquetKeys, relationOf, writeRows } from '../../staging/rows.ts';
import { putSealed } from '../../staging/sealed.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../conformance/target-postgres.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';
import { never } from './a-target.ts';

const names = { id: 'id', legacyKey: 'legacy_id' };
const from = table('erp.thing', { key: ['thing_id'] });
const legacyKey = sql`thing_id`;

const account = entity('account', {
  from,
  to: collection('account', { ...names, shape: { name: text(100) } }),
  legacyKey,
  fields: { name: sql`name` },
});
const plain = entity('plain', {
  from,
  to: collection('plain', { ...names, shape: { label: text(100) } }),
  legacyKey,
  fields: { label: sql`label` },
});
/** A field of every kind, and a reference of every sort. */
const thing = entity('thing', {
  from,
  to: collection('thing', {
    ...names,
    shape: {
      label: text(200),
      'Odd "name"': text(10_000).nullable(),
      amount: decimal(18, 2).nullable(),
      wide: decimal(38, 20).nullable(),
      whole: integer().nullable(),
      large: bigInteger().nullable(),
      yes: flag().nullable(),
      day: date().nullable(),
      at: timestamp().nullable(),
      since: timestamp({ precision: 'second' }).nullable(),
      token: uuid().nullable(),
      state: choice({ 1: 'a', 2: 'b' }).nullable(),
      owner: reference('account').nullable(),
      helper: reference('plain').nullable(),
      parent: reference('thing').nullable(),
      about: reference('account', 'plain').nullable(),
      country: reference('plain').nullable(),
    },
  }),
  legacyKey,
  fields: {
    label: sql`label`,
    'Odd "name"': sql`odd`,
    amount: sql`amount`,
    wide: sql`wide`,
    whole: sql`whole`,
    large: sql`large`,
    yes: sql`yes`,
    day: sql`day`,
    at: sql`at`,
    since: sql`since`,
    token: sql`token`,
    state: sql`state`,
    owner: crosswalk('account', sql`owner`),
    helper: crosswalk('plain', sql`helper`, { whenMissing: 'null' }),
    parent: crosswalk('thing', sql`parent`, { whenMissing: 'null', later: true }),
    about: crosswalkEither(
      [
        { when: sql`kind = 'A'`, entity: 'account', key: sql`about` },
        { entity: 'plain', key: sql`about` },
      ],
      { whenMissing: 'null' },
    ),
    country: targetLookup('plain', { match: 'label', take: 'id' }, sql`country`),
  },
});
const visit = entity('visit', {
  from,
  to: collection('visit', {
    id: 'id',
    legacyKey: 'legacy_reference',
    write: 'create',
    shape: { subject: text(200).nullable() },
  }),
  legacyKey,
  fields: { subject: sql`subject` },
});
const invoice = entity('invoice', {
  from,
  to: collection('"Sales"."Invoice"', { ...names, shape: { state: integer().nullable() } }),
  legacyKey,
  fields: { state: sql`state` },
  lines: lines('line', {
    from: table('erp.line', { key: ['line_id'] }),
    to: collection('"Sales"."Line"', {
      ...names,
      shape: { invoice: reference('"Sales"."Invoice"'), position: integer().nullable() },
    }),
    legacyKey: sql`line_id`,
    headerKey: ['thing_id'],
    fields: { invoice: header(), position: sql`position` },
  }),
});

const oddly = entity('oddly', {
  from,
  to: collection('oddly', { ...names, shape: { label: text(200) } }),
  legacyKey,
  fields: { label: sql`label` },
});

/** Columns of ready rows, those of things with the source keys that their references go by. */
const readyColumns = {
  label: 'VARCHAR',
  amount: 'DECIMAL(18,2)',
  wide: 'DECIMAL(38,20)',
  whole: 'INTEGER',
  large: 'BIGINT',
  yes: 'BOOLEAN',
  day: 'DATE',
  at: 'TIMESTAMPTZ',
  since: 'TIMESTAMPTZ',
  token: 'VARCHAR',
  state: 'INTEGER',
  owner: 'VARCHAR',
  owner$entity: 'VARCHAR',
  helper: 'VARCHAR',
  helper$entity: 'VARCHAR',
  parent: 'VARCHAR',
  parent$entity: 'VARCHAR',
  about: 'VARCHAR',
  about$entity: 'VARCHAR',
  country: 'VARCHAR',
} as const;
const restrictedColumns = { 'Odd "name"': 'VARCHAR' } as const;
type Row = { _key: string } & Partial<Record<keyof typeof readyColumns | keyof typeof restrictedColumns, string>>;

const someAccount = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
const somePlain = '7000000001';

let harness: PostgresTargetHarness;
let target: Target;

beforeAll(async () => {
  harness = await postgresTargetHarness();
  await harness.admin.query(`
    CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text UNIQUE, label varchar(200) NOT NULL,
      "Odd ""name""" text, amount numeric(18,2), wide numeric, whole integer, large bigint, yes boolean, day date,
      at timestamptz, since timestamptz(0), token uuid, state smallint, owner uuid REFERENCES account,
      helper bigint REFERENCES plain, parent bigint REFERENCES thing, about_account uuid REFERENCES account,
      about_plain bigint REFERENCES plain, country bigint REFERENCES plain, CHECK (label <> 'refused'));
    CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RETURN CASE WHEN NEW.label = 'skipped' THEN NULL ELSE NEW END; END $$;
    CREATE TRIGGER skip BEFORE INSERT ON thing FOR EACH ROW EXECUTE FUNCTION skip();
    INSERT INTO account (id, legacy_id, name) VALUES ('${someAccount}', 'account', 'Müller AG');
    INSERT INTO plain (id, legacy_id, label) OVERRIDING SYSTEM VALUE VALUES (${somePlain}, 'plain', 'plain');
    CREATE TABLE oddly (id text PRIMARY KEY DEFAULT '\\' || gen_random_uuid(), legacy_id text UNIQUE, label text);
    GRANT SELECT, INSERT, UPDATE ON thing, oddly TO loader`);
  target = await harness.open();
});

afterAll(async () => {
  await target.close();
  await harness.stop();
});

beforeEach(async () => {
  await harness.admin.query('TRUNCATE thing');
});

const plan = planOf('-----BEGIN PUBLIC KEY-----', {
  blueprint: blueprint('erp', { entities: [account, plain, thing, visit, invoice, oddly] }),
});
const about = (run: string) => ({ version: 1 as const, run, plan: '', position: null, counts: {} });

/** Which source keys lead where, for the entities that things point at. */
async function stageCrosswalk(
  staging: Staging,
  name: string,
  known: Readonly<Record<string, string>>,
): Promise<string> {
  const keys = await parquetKeys(staging, ['rows']);
  const file = await withDuckJob(staging.budget, { purpose: 'test', scratch: staging.scratch, keys }, async (job) => {
    const columns = { _source: 'VARCHAR', _key: 'VARCHAR', target: 'VARCHAR' };
    await job.createTable('known', columns);
    await job.insert(
      'known',
      columns,
      Object.entries(known).map(([key, to]) => ({ _source: key, _key: key, target: to })),
    );
    const of = { entity: name, step: 'crosswalk', chunk: 0 };
    return writeRows(staging, job, of, 'SELECT * FROM known', { role: 'crosswalk', key: 'rows' });
  });
  const pathOf = (digest: string): string => `runs/${staging.run}/${name}/crosswalk-${digest.slice(0, 32)}.json`;
  return (await putSealed(staging, pathOf, file)).digest;
}

/** One chunk of ready things. @returns the ledger that names it */
async function stageThings(staging: Staging, rows: readonly Row[]): Promise<string> {
  const of = { entity: thing.name, step: 'transform' as const, chunk: 0 };
  const keys = await parquetKeys(staging, ['rows', 'restricted-thing']);
  const files = await withDuckJob(staging.budget, { purpose: 'test', scratch: staging.scratch, keys }, async (job) => {
    const columns = { _key: 'VARCHAR', ...readyColumns, ...restrictedColumns };
    await job.createTable('ready', columns);
    await job.insert('ready', columns, rows);
    const restricted = Object.keys(restrictedColumns).map(identifier).join(', ');
    return [
      await writeRows(
        staging,
        job,
        of,
        `SELECT _key, [_key] AS _sources, * EXCLUDE (_key, ${restricted}) FROM ready ORDER BY _key`,
        { role: 'rows', key: 'rows' },
      ),
      await writeRows(staging, job, of, `SELECT _key, ${restricted} FROM ready ORDER BY _key`, {
        role: 'restricted',
        key: 'restricted-thing',
      }),
    ];
  });
  return ledgerOf(staging, thing, files);
}

type Files = Parameters<typeof writeManifest>[1]['files'];

async function ledgerOf(staging: Staging, { name }: Entity, files: Files): Promise<string> {
  const of = { entity: name, step: 'transform' as const, chunk: 0 };
  const manifest = await writeManifest(staging, { ...about(staging.run), ...of, files });
  return writeLedger(staging, { ...of, previous: null, entries: [{ chunk: 0, manifest }] });
}

/** One chunk of other rows, by role what they are in SQL. @returns the ledger that names it */
async function stageRows(staging: Staging, of: Entity, roles: Readonly<Record<string, string>>): Promise<string> {
  const keys = await parquetKeys(staging, ['rows']);
  const files: Files = [];
  await withDuckJob(staging.budget, { purpose: 'test', scratch: staging.scratch, keys }, async (job) => {
    const at = { entity: of.name, step: 'transform', chunk: 0 };
    for (const [role, rows] of Object.entries(roles)) {
      files.push(await writeRows(staging, job, at, rows, { role, key: 'rows' }));
    }
  });
  return ledgerOf(staging, of, files);
}

/** The target, and which way rows went to it. @param way `documents`: as though it took no lines */
function watched(way: 'lines' | 'documents', over: Partial<Target> = {}) {
  const went = { lines: [] as string[], documents: 0 };
  const { writeLines, ...rest } = { ...target, ...over };
  const to: Target = {
    ...rest,
    async writeBatch(documents, ...more) {
      went.documents += documents.length;
      return rest.writeBatch(documents, ...more);
    },
  };
  if (way === 'documents' || !writeLines) return { to, went };
  const lined: Target = {
    ...to,
    async writeLines(...more) {
      const answer = await writeLines(...more);
      went.lines.push(answer);
      return answer;
    },
  };
  return { to: lined, went };
}

/** A staging in which a chunk of things is ready, and what they point at is known. */
async function prepared(rows: readonly Row[]) {
  const staging = await staged();
  const crosswalks = {
    account: await stageCrosswalk(staging, 'account', { 'A-1': someAccount }),
    plain: await stageCrosswalk(staging, 'plain', { 'P-1': somePlain }),
  };
  return { staging, transform: await stageThings(staging, rows), crosswalks };
}

async function load(
  staging: Staging,
  of: Entity,
  to: Target,
  ledgers: ChunkTask['ledgers'],
  crosswalks: ChunkTask['crosswalks'] = {},
): Promise<ChunkResult> {
  const parts = Object.fromEntries(
    [of.name, ...(of.lines ? [of.lines.name] : [])].map((name) => [
      name,
      { columns: [], estimatedRows: 0, sourceFingerprint: '', targetFingerprint: '', classes: {}, reads: {} },
    ]),
  );
  const deps: Dependencies = {
    staging: () => Promise.resolve(staging),
    source: never,
    target: () => Promise.resolve(to),
    gate: () => ({ enter: () => Promise.resolve(() => {}), report: () => {} }),
    now: () => new Date(),
  };
  const task: ChunkTask = {
    run: staging.run,
    plan: await putPlan(staging, { ...plan, parts }),
    entity: of.name,
    step: 'load',
    chunk: 0,
    ledgers,
    lease: null,
    chunkPlan: null,
    prior: null,
    partitions: 1,
    crosswalks,
  };
  return loadChunk(deps, task, { signal: new AbortController().signal, beat: () => {} });
}

const loadThings = (
  { staging, transform, crosswalks }: Awaited<ReturnType<typeof prepared>>,
  to: Target,
  ledgers: ChunkTask['ledgers'] = {},
): Promise<ChunkResult> => load(staging, thing, to, { transform, ...ledgers }, crosswalks);

/** The ledger of what was loaded, for a replay. */
const loadedLedger = (staging: Staging, { chunk, manifest }: ChunkResult): Promise<string> =>
  writeLedger(staging, { entity: thing.name, step: 'load', previous: null, entries: [{ chunk, manifest }] });

const ReceiptRow = z.looseObject({ _key: z.string(), outcome: z.string(), target: z.string().nullable() });
type ReceiptRow = z.infer<typeof ReceiptRow>;

async function receiptsOf(staging: Staging, of: Entity, { chunk, manifest }: ChunkResult): Promise<ReceiptRow[]> {
  const found = await readManifest(staging, { entity: of.name, step: 'load', chunk, digest: manifest });
  const files = await inputsOf(staging, [found], 'receipts');
  const keys = await parquetKeys(staging, ['rows']);
  const reads = files.map(({ local }) => local);
  return withDuckJob(staging.budget, { purpose: 'test', scratch: staging.scratch, keys, reads }, (job) =>
    job.all(`SELECT * FROM ${relationOf(files)} ORDER BY part, _key`, ReceiptRow),
  );
}

/** Everything that things hold but the key that the target gave them, as text; and that key by legacy key. */
async function held(): Promise<{ rows: unknown[]; ids: Map<string, string> }> {
  const { rows } = await harness.admin.query<{ id: string; row: Record<string, string | null> }>(
    `SELECT id::text AS id, (SELECT json_object_agg(c.key, t.row ->> c.key) FROM jsonb_object_keys(t.row) AS c(key)) AS row
     FROM (SELECT id, to_jsonb(thing) - 'id' AS row, legacy_id FROM thing) t ORDER BY legacy_id COLLATE "C"`,
  );
  return { rows: rows.map(({ row }) => row), ids: new Map(rows.map(({ id, row }) => [row['legacy_id'] ?? '', id])) };
}

const outcomesOf = (receipts: readonly ReceiptRow[]): Record<string, string> =>
  Object.fromEntries(receipts.map(({ _key, outcome }) => [_key, outcome]));

const awkward: Row[] = [
  {
    _key: 'T-1',
    label: 'all of it',
    'Odd "name"': 'a\tb\nc\r\nd\\e',
    amount: '1234.50',
    wide: '0.00000000000000000001',
    whole: '-2147483648',
    large: '9223372036854775807',
    yes: 'true',
    day: '1899-12-31',
    at: '1999-12-31 23:59:59.123456+00',
    since: '2024-02-29 12:00:00+00',
    token: someAccount,
    state: '2',
    country: somePlain,
  },
  {
    _key: 'T-2',
    label: ' blanks ',
    'Odd "name"': '',
    amount: '-9999999999999999.99',
    wide: '-123456789012345678.12345678901234567890',
    whole: '2147483647',
    large: '-9223372036854775808',
    yes: 'false',
    day: '9999-12-31',
    at: '1753-01-01 00:00:00+00',
    state: '1',
  },
  { _key: 'T-3', label: '\\N', 'Odd "name"': '\\.' },
  {
    _key: 'T-4 🙂👩‍👩‍👧 日本 é',
    label: `'"''"", {a}`,
    'Odd "name"': '\u0001\b\f\v\u2028\u{10FFFF}',
    amount: '0.00',
    wide: '0',
  },
  { _key: ' T 5,"\'', label: 'null', day: 'infinity', at: '-infinity' },
  { _key: 'T-6', label: 'a day of later years', day: '12020-12-31', at: '12020-01-01 00:00:00+00' },
  { _key: 'known', label: 'points', owner: 'A-1', owner$entity: 'account', helper: 'P-1', helper$entity: 'plain' },
  {
    _key: 'blocked',
    label: 'owner missing',
    owner: 'A-2',
    owner$entity: 'account',
    helper: 'P-1',
    helper$entity: 'plain',
  },
  {
    _key: 'dropped',
    label: 'helper missing',
    helper: 'P-2',
    helper$entity: 'plain',
    about: 'A-2',
    about$entity: 'account',
  },
  { _key: 'later', label: 'parent later', parent: 'T-1', parent$entity: 'thing' },
  {
    _key: 'later, dropped',
    label: 'both',
    parent: 'T-1',
    parent$entity: 'thing',
    helper: 'P-2',
    helper$entity: 'plain',
  },
  {
    _key: 'later, blocked',
    label: 'neither',
    parent: 'T-1',
    parent$entity: 'thing',
    owner: 'A-2',
    owner$entity: 'account',
  },
  { _key: 'about an account', label: 'a', about: 'A-1', about$entity: 'account' },
  { _key: 'about a plain one', label: 'b', about: 'P-1', about$entity: 'plain' },
];

const few: Row[] = ['A', 'B', 'C'].map((_key) => ({ _key, label: `thing ${_key}` }));

describe('what is loaded as lines and what is loaded as documents', () => {
  test('are the same rows, with the same receipts', async () => {
    const both = [];
    for (const way of ['lines', 'documents'] as const) {
      await harness.admin.query('TRUNCATE thing');
      const ready = await prepared(awkward);
      const { to, went } = watched(way);
      const result = await loadThings(ready, to);
      const { rows, ids } = await held();
      const receipts = await receiptsOf(ready.staging, thing, result);
      expect(went).toEqual(
        way === 'lines' ? { lines: ['written'], documents: 0 } : { lines: [], documents: awkward.length - 2 },
      );
      expect(receipts.map(({ target: there }) => there)).toEqual(receipts.map(({ _key }) => ids.get(_key) ?? null));
      both.push({ rows, receipts: receipts.map(({ target: _there, ...one }) => one), counts: result.counts });
    }
    const [asLines, asDocuments] = both;
    expect(asLines).toEqual(asDocuments);
    expect(asLines?.rows).toHaveLength(awkward.length - 2);
    expect(asLines?.rows[0]).toMatchObject({ legacy_id: ` T 5,"'`, day: 'infinity', at: '-infinity' });
    expect(asLines?.receipts).toContainEqual(
      expect.objectContaining({ _key: 'blocked', outcome: 'blocked', code: 'reference.missing:owner', pending: false }),
    );
    expect(asLines?.receipts).toContainEqual(
      expect.objectContaining({ _key: 'later, dropped', outcome: 'created', pending: true, dropped: 'helper' }),
    );
    expect(asLines?.receipts).toContainEqual(expect.objectContaining({ _key: 'dropped', dropped: 'helper,about' }));
  });

  test('are told as created, updated and unchanged alike', async () => {
    const both = [];
    for (const way of ['lines', 'documents'] as const) {
      await harness.admin.query('TRUNCATE thing');
      await loadThings(await prepared(awkward.slice(0, 8)), watched('documents').to);
      const changed = awkward.map((one) => (one._key === 'T-2' ? { ...one, amount: '1.00' } : one));
      const ready = await prepared(changed);
      const { to, went } = watched(way);
      const receipts = await receiptsOf(ready.staging, thing, await loadThings(ready, to));
      expect(went.lines).toEqual(way === 'lines' ? ['written'] : []);
      both.push({ rows: (await held()).rows, receipts: receipts.map(({ target: _there, ...one }) => one) });
    }
    const [asLines, asDocuments] = both;
    expect(asLines).toEqual(asDocuments);
    expect(new Set(asLines?.receipts.map((one) => one['outcome']))).toEqual(
      new Set(['unchanged', 'updated', 'created', 'blocked']),
    );
  });
});

test('a chunk of which every row is held back sends nothing', async () => {
  const ready = await prepared(awkward.filter(({ _key }) => _key.endsWith('blocked')));
  const { to, went } = watched('lines');
  const { counts } = await loadThings(ready, to);
  expect(counts).toMatchObject({ thing: { blocked: 2 } });
  expect(went).toEqual({ lines: [], documents: 0 });
});

test('a target that was changed after the plan was made is told from one that refuses rows', async () => {
  await loadThings(await prepared(few), target);
  await harness.admin.query('ALTER TABLE thing RENAME COLUMN country TO land');
  const { to, went } = watched('lines');
  try {
    const error = await loadThings(await prepared(few), to).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'plan.outdated', kind: 'permanent' });
  } finally {
    await harness.admin.query('ALTER TABLE thing RENAME COLUMN land TO country');
  }
  expect(went).toEqual({ lines: [], documents: 0 });
});

describe('a chunk goes as documents', () => {
  for (const label of ['refused', 'skipped']) {
    test(`when a row is ${label} by the target: just that one is refused`, async () => {
      const ready = await prepared([...few, { _key: 'bad', label }]);
      const { to, went } = watched('lines');
      const receipts = await receiptsOf(ready.staging, thing, await loadThings(ready, to));
      expect(outcomesOf(receipts)).toEqual({ A: 'created', B: 'created', C: 'created', bad: 'refused' });
      expect(went).toEqual({ lines: ['declined'], documents: 4 });
      expect([...(await held()).ids.keys()]).toEqual(['A', 'B', 'C']);
    });
  }

  for (const [what, _key] of Object.entries({
    'a backslash': 'a\\b',
    'a tab': 'a\tb',
    'the end of a line': 'a\nb',
    'what stands for nothing': '\\N',
  })) {
    test(`when a key holds ${what}, and it arrives`, async () => {
      const ready = await prepared([...few, { _key, label: 'keyed oddly' }]);
      const { to, went } = watched('lines');
      const receipts = await receiptsOf(ready.staging, thing, await loadThings(ready, to));
      expect(outcomesOf(receipts)).toEqual({ A: 'created', B: 'created', C: 'created', [_key]: 'created' });
      expect(went).toEqual({ lines: ['declined'], documents: 4 });
      expect([...(await held()).ids.keys()].toSorted()).toEqual(['A', 'B', 'C', _key].toSorted());
    });
  }

  test('when a day lies before the year 1, and it arrives', async () => {
    const ready = await prepared([...few, { _key: 'Caesar', label: 'long ago', day: '0044-03-15 (BC)' }]);
    const { to, went } = watched('lines');
    const { counts } = await loadThings(ready, to);
    expect(counts).toMatchObject({ thing: { created: 4 } });
    expect(went).toEqual({ lines: ['declined'], documents: 4 });
    const { rows } = await harness.admin.query(`SELECT day::text FROM thing WHERE legacy_id = 'Caesar'`);
    expect(rows).toEqual([{ day: '0044-03-15 BC' }]);
  });

  test('when an earlier attempt has begun to send documents', async () => {
    const ready = await prepared(few);
    const dying = watched('documents', { writeBatch: () => Promise.reject(new Error('killed')) });
    await expect(loadThings(ready, dying.to)).rejects.toThrow('killed');
    const { to, went } = watched('lines');
    const { counts } = await loadThings(ready, to);
    expect(counts).toMatchObject({ thing: { created: 3 } });
    expect(went).toEqual({ lines: [], documents: 3 });
  });

  test('when the target’s own keys hold backslashes, which are noted as they are', async () => {
    const staging = await staged();
    const transform = await stageRows(staging, oddly, {
      rows: `SELECT 'O-1' AS _key, ['O-1'] AS _sources, 'odd' AS label`,
    });
    const { to, went } = watched('lines');
    const receipts = await receiptsOf(staging, oddly, await load(staging, oddly, to, { transform }));
    expect(went).toEqual({ lines: ['declined'], documents: 1 });
    const { rows } = await harness.admin.query<{ id: string }>('SELECT id FROM oddly');
    expect(receipts.map((one) => one.target)).toEqual(rows.map((one) => one.id));
  });

  test('when the target only creates: a row may be there without being seen', async () => {
    const staging = await staged();
    const transform = await stageRows(staging, visit, {
      rows: `SELECT 'V-1' AS _key, ['V-1'] AS _sources, 'call' AS subject`,
    });
    const { to, went } = watched('lines');
    const { counts } = await load(staging, visit, to, { transform });
    expect(counts).toMatchObject({ visit: { created: 1 } });
    expect(went).toEqual({ lines: [], documents: 1 });
    const { rows: there } = await harness.admin.query('SELECT legacy_reference, subject FROM visit');
    expect(there).toEqual([{ legacy_reference: 'V-1', subject: 'call' }]);
  });

  test('when its rows have lines of their own', async () => {
    const staging = await staged();
    const transform = await stageRows(staging, invoice, {
      rows: `SELECT 'I-1' AS _key, ['I-1'] AS _sources, 1 AS state`,
      'line.rows': `SELECT 'I-1/1' AS _key, ['I-1/1'] AS _sources, 'I-1' AS _header, 1 AS position`,
    });
    const { to, went } = watched('lines');
    const { counts } = await load(staging, invoice, to, { transform });
    expect(counts).toMatchObject({ invoice: { created: 1 }, line: { created: 1 } });
    expect(went).toEqual({ lines: [], documents: 1 });
  });
});

describe('an answer to COMMIT that does not come', () => {
  for (const fault of ['reset-before-commit', 'reset-after-commit'] as const) {
    test(`makes the chunk be sent again, and each row is there once: ${fault}`, async () => {
      const ready = await prepared(few);
      const { to, went } = watched('lines');
      await harness.arm(fault);
      const receipts = await receiptsOf(ready.staging, thing, await loadThings(ready, to));
      expect(went).toEqual({ lines: ['uncertain', 'written'], documents: 0 });
      const outcome = fault === 'reset-after-commit' ? 'unchanged' : 'created';
      expect(outcomesOf(receipts)).toEqual({ A: outcome, B: outcome, C: outcome });
      const { rows, ids } = await held();
      expect(rows).toHaveLength(3);
      expect(receipts.map((one) => one.target)).toEqual(['A', 'B', 'C'].map((one) => ids.get(one)));
    });
  }

  test('time and again fails the step, which can be tried again', async () => {
    const ready = await prepared(few);
    const { to, went } = watched('lines', { writeLines: () => Promise.resolve('uncertain') });
    await expect(loadThings(ready, to)).rejects.toMatchObject({ code: 'load.uncertain', kind: 'transient' });
    expect(went).toEqual({ lines: Array.from({ length: 5 }, () => 'uncertain'), documents: 0 });
    const again = watched('lines');
    await loadThings(ready, again.to);
    expect(again.went).toEqual({ lines: ['written'], documents: 0 });
    expect((await held()).rows).toHaveLength(3);
  });
});

describe('a replay', () => {
  for (const way of ['lines', 'documents'] as const) {
    test(`of what was loaded as ${way} keeps what would be sent as it was, and sends the rest as documents`, async () => {
      const ready = await prepared(awkward);
      const first = watched(way);
      const loaded = await loadThings(ready, first.to);
      expect(first.went.lines).toEqual(way === 'lines' ? ['written'] : []);
      const before = await receiptsOf(ready.staging, thing, loaded);
      const changed = awkward.map((one) => (one._key === 'T-2' ? { ...one, amount: '1.00' } : one));
      const transform = await stageThings(ready.staging, changed);
      const again = watched('lines');
      const replayed = await loadThings({ ...ready, transform }, again.to, {
        load: await loadedLedger(ready.staging, loaded),
      });
      expect(again.went).toEqual({ lines: [], documents: 1 });
      const after = await receiptsOf(ready.staging, thing, replayed);
      const others = (rows: readonly ReceiptRow[]): ReceiptRow[] => rows.filter((one) => one._key !== 'T-2');
      expect(others(after)).toEqual(others(before));
      expect(outcomesOf(after)).toMatchObject({ 'T-2': 'updated', 'T-1': 'created', blocked: 'blocked' });
    });
  }
});
