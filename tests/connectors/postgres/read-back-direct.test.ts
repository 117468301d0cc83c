import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { throughRead, withReader } from '../../../activities/duck-read.ts';
import type { ActualPage, DirectPage, Target, TargetCall, TargetCollection } from '../../../connectors/port.ts';
import { LandfallError } from '../../../model/errors.ts';
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
} from '../../../model/shape.ts';
import { openWire, type Wire } from '../../chaos/wire.ts';
import { Bench } from '../../conformance/target-bench.ts';
import { collectionOf } from '../../conformance/target-cloud-crm.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';
import { staged } from '../../staging/open-staging.ts';

const { call } = new Bench();
let harness: PostgresTargetHarness;
let wire: Wire;
let target: Target;

const legacyKey = 'legacy_id';
const shape = {
  name: text(1000).nullable(),
  exact: decimal(38, 4).nullable(),
  whole: integer().nullable(),
  long: bigInteger().nullable(),
  yes: flag().nullable(),
  day: date().nullable(),
  at: timestamp().nullable(),
  clock: timestamp().nullable(),
  guid: uuid().nullable(),
  chosen: choice({ 1: 'one' }).nullable(),
  owner: reference('person', 'team').nullable(),
};
const kinds = collectionOf({ collection: 'kinds_of_value', id: 'id', legacyKey }, shape);
const many = collectionOf({ collection: 'many', id: 'id', legacyKey }, { name: text(20) });
const loose = collectionOf({ collection: 'loose', id: 'id', legacyKey }, { whole: integer() });
const Many = 2_500;
/** What a page holds here. */
const PageRows = 1_000;
/** Its rows take a fifth of a second each. */
const slow = { ...many, collection: 'slow' };
const SlowRows = 4;
const printed = collectionOf(
  { collection: 'printed', id: 'id', legacyKey },
  {
    padded: text(5).nullable(),
    mood: text(5).nullable(),
    span: text(50).nullable(),
    ratio: text(50).nullable(),
  },
);

beforeAll(async () => {
  harness = await postgresTargetHarness();
  await harness.admin.query(String.raw`
    CREATE TABLE kinds_of_value (id text PRIMARY KEY, legacy_id text UNIQUE, name text, exact numeric, whole integer, long bigint, yes boolean,
      day date, at timestamptz, clock timestamp, guid uuid, chosen smallint, owner_person bigint, owner_team uuid);
    INSERT INTO kinds_of_value (id, legacy_id, name) VALUES
      ('a', 'K-1', E'tab\tline\nreturn\rback\\slash\\n \\N \\. \b\f\v'), ('b', 'K-2', ''), ('c', 'K-3', NULL), ('d', E'K\\4\t', '\N'),
      ('e', 'K-5', 'Ünïcode 🦉 '), ('f', NULL, 'not ours');
    INSERT INTO kinds_of_value (id, legacy_id, exact, whole, long, yes, day, at, clock, guid, chosen, owner_person) VALUES
      ('g', 'K-7', -12345678901234567890123456789012.3400, -2147483648, 9223372036854775807, true, '2024-02-29',
        '2024-02-29 23:59:59.123456+00', '2024-02-29 23:59:59.5', '0b7e8a52-5f5a-4b0e-9d8e-0a3b1c2d3e4f', 1, 7),
      ('h', 'K-8', 'NaN', 0, 0, false, '0044-03-15 BC', '0044-03-15 12:00:00.5+00 BC', '0001-12-31 BC', NULL, NULL, NULL),
      ('i', 'K-9', 0.0000, NULL, NULL, NULL, 'infinity', '-infinity', '12024-01-01 00:00', NULL, NULL, NULL);
    INSERT INTO kinds_of_value (id, legacy_id, owner_team) VALUES ('j', 'K-10', '0b7e8a52-5f5a-4b0e-9d8e-0a3b1c2d3e4f');
    CREATE TABLE many (id text PRIMARY KEY, legacy_id text UNIQUE, name text);
    INSERT INTO many SELECT E'key\\' || n, 'M-' || n, 'row ' || n FROM generate_series(1, ${Many}) n;
    CREATE TABLE numbered (id bigint PRIMARY KEY, legacy_id text UNIQUE, name text);
    INSERT INTO numbered SELECT n, 'N-' || n, 'row ' || n FROM generate_series(-300, ${Many} - 301) n;
    CREATE TABLE loose (id bigint PRIMARY KEY, legacy_id text UNIQUE, whole numeric);
    INSERT INTO loose VALUES (1, 'L-1', 1.00);
    CREATE FUNCTION slowly(text) RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN $1; END';
    CREATE VIEW slow AS SELECT id, legacy_id, slowly(name) AS name FROM many WHERE legacy_id IN ('M-1', 'M-2', 'M-3', 'M-4');
    CREATE TYPE mood AS ENUM ('so so');
    CREATE TABLE printed (id inet PRIMARY KEY, legacy_id char(2) UNIQUE, padded char(5), mood mood, span interval, ratio float8);
    INSERT INTO printed VALUES ('10.0.0.1', 'A', 'ab', 'so so', '1 day 2 hours', 0.1), ('10.0.0.2', 'B', NULL, NULL, NULL, NULL);
    ALTER ROLE loader SET IntervalStyle = iso_8601;
    GRANT SELECT ON kinds_of_value, many, numbered, loose, slow, printed TO loader`);
  wire = await openWire();
  wire.to(harness.settings.port);
  target = await harness.openWith({ port: wire.port, target: { pageRows: PageRows / 5 } });
});

afterAll(async () => {
  await target.close();
  await wire.close();
  await harness.stop();
});

type Row = Record<string, string | null>;

const pageOf = async (
  of: TargetCollection,
  after: string | null,
  { from = target, asking = call }: { from?: Target; asking?: TargetCall } = {},
): Promise<DirectPage> => {
  const page = await from.readBackDirect?.(of, Object.keys(of.shape), after, PageRows, asking);
  if (!page) throw new Error('not read by DuckDB itself');
  return page;
};

/** A page as DuckDB reads it in a step. @param begun called at the beginning of each try, of which it is given the number */
async function read(
  of: TargetCollection,
  page: DirectPage,
  begun: (attempt: number) => void = () => {},
): Promise<Row[]> {
  const staging = await staged();
  const options = { purpose: 'test', keys: {}, signal: new AbortController().signal };
  return withReader(staging, page.read, options, async (job) => {
    await job.createTable(
      'page',
      Object.fromEntries(['_target', '_key', ...Object.keys(of.shape)].map((name) => [name, 'VARCHAR'])),
    );
    let attempt = 0;
    await page.request(() =>
      throughRead(job, page.read, async (select) => {
        await job.run('DELETE FROM page');
        attempt += 1;
        begun(attempt);
        await job.run(`INSERT INTO page SELECT * FROM (${select})`);
      }),
    );
    return job.all('SELECT * FROM page ORDER BY _target', z.record(z.string(), z.string().nullable()));
  });
}

/** Every row as DuckDB reads it. */
async function asDuckReads(of: TargetCollection): Promise<{ rows: Row[]; counts: number[] }> {
  const rows: Row[] = [];
  const counts: number[] = [];
  for (let after: string | null | undefined = null; after !== undefined;) {
    const page = await pageOf(of, after);
    const found = await read(of, page);
    rows.push(...found);
    counts.push(found.length);
    after = page.next ?? undefined;
  }
  return { rows: byTarget(rows), counts };
}

const byTarget = (rows: Row[]): Row[] =>
  rows.toSorted((a, b) => ((a['_target'] ?? '') < (b['_target'] ?? '') ? -1 : 1));

async function asObjects(of: TargetCollection): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after: string | null | undefined = null; after !== undefined;) {
    const page: ActualPage = await target.readBack(of, after, call);
    for (const { targetKey, legacyKey: key, values } of page.rows) {
      const texts = Object.entries(values).map(([name, value]) => [name, value === null ? null : String(value)]);
      rows.push({ _target: targetKey, _key: key, ...Object.fromEntries(texts) });
    }
    after = page.next ?? undefined;
  }
  return byTarget(rows);
}

/** Instants in one form: DuckDB's casts read both. */
const same = (rows: Row[]): Row[] =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const instant = name === 'at' || name === 'clock';
        return [
          name,
          instant && value !== null
            ? value
                .replace('T', ' ')
                .replace(/(?:\+00|Z)$/, '')
                .replace(/(?:\.0+|(?<=\.\d+?)0+)$/, '')
            : value,
        ];
      }),
    ),
  );

test('every kind of value reads as it reads as objects', async () => {
  const { rows } = await asDuckReads(kinds);
  expect(rows).toHaveLength(9);
  expect(rows[0]?.['name']).toBe('tab\tline\nreturn\rback\\slash\\n \\N \\. \b\f\v');
  expect(rows.find((one) => one['_target'] === 'b')?.['name']).toBe('');
  expect(rows.find((one) => one['_target'] === 'c')?.['name']).toBeNull();
  expect(rows.find((one) => one['_target'] === 'd')).toMatchObject({ _key: 'K\\4\t', name: '\\N' });
  expect(rows.find((one) => one['_target'] === 'h')).toMatchObject({
    day: '-0043-03-15',
    clock: '0000-12-31T00:00:00.000000Z',
  });
  expect(same(rows)).toEqual(same(await asObjects(kinds)));
});

test('types that a cast to text would change read as the server prints them', async () => {
  const { rows } = await asDuckReads(printed);
  expect(rows).toEqual(await asObjects(printed));
  expect(rows).toEqual([
    { _target: '10.0.0.1', _key: 'A ', padded: 'ab   ', mood: 'so so', span: '1 day 02:00:00', ratio: '0.1' },
    { _target: '10.0.0.2', _key: 'B ', padded: null, mood: null, span: null, ratio: null },
  ]);
});

test('reads page after page, each row once, whatever the keys hold', async () => {
  const { rows, counts } = await asDuckReads(many);
  expect(counts).toEqual([PageRows, PageRows, Many - 2 * PageRows]);
  expect(new Set(rows.map((one) => one['_key'])).size).toBe(Many);
  expect(rows).toEqual(await asObjects(many));
});

test('numbers are taken in their own order, not in that of their texts', async () => {
  const numbered = { ...many, collection: 'numbered' };
  const { rows, counts } = await asDuckReads(numbered);
  expect(counts).toEqual([PageRows, PageRows, Many - 2 * PageRows]);
  expect(rows).toEqual(await asObjects(numbered));
  const keys = (await read(numbered, await pageOf(numbered, null))).map((one) => Number(one['_target']));
  expect([Math.min(...keys), Math.max(...keys)]).toEqual([-300, PageRows - 301]);
});

test('a full last page is followed by one of which nothing is there', async () => {
  const last = await pageOf(many, (await pageOf(many, null)).next);
  await harness.admin.query('CREATE VIEW first_two_thousand AS SELECT * FROM many ORDER BY id LIMIT 2000');
  await harness.admin.query('GRANT SELECT ON first_two_thousand TO loader');
  const of = { ...many, collection: 'first_two_thousand' };
  expect(last.next).not.toBeNull();
  expect((await asDuckReads(of)).counts).toEqual([PageRows, PageRows, 0]);
});

test('goes on after what a page of objects ended with, and the other way round', async () => {
  const { next } = await target.readBack(many, null, call);
  const [first] = await read(many, await pageOf(many, next));
  expect(first).toEqual((await asObjects(many))[PageRows / 5]);
  const { rows } = await target.readBack(many, (await pageOf(many, null)).next, call);
  expect(rows[0]?.targetKey).toBe((await asObjects(many))[PageRows]?.['_target']);
});

test('a row that comes or goes between the page’s end and its reading is there or not, and no row is read twice', async () => {
  const of = { ...many, collection: 'moving' };
  await harness.admin.query('CREATE TABLE moving (LIKE many INCLUDING ALL); INSERT INTO moving SELECT * FROM many');
  await harness.admin.query('GRANT SELECT ON moving TO loader');
  const first = await pageOf(of, null);
  const gone = (await asObjects(of))[3]?.['_target'];
  await harness.admin.query(`INSERT INTO moving VALUES ('a new one', 'M-new', 'new'), ('zz', 'M-last', 'new')`);
  await harness.admin.query('DELETE FROM moving WHERE id = $1', [gone]);
  const rows = await read(of, first);
  expect(rows).toHaveLength(PageRows);
  expect(rows[0]?.['_key']).toBe('M-new');
  expect(rows.find((one) => one['_target'] === gone)).toBeUndefined();
  const second = await pageOf(of, first.next);
  const third = await pageOf(of, second.next);
  const all = [...rows, ...(await read(of, second)), ...(await read(of, third))];
  expect(byTarget(all)).toEqual(await asObjects(of));
});

test('says a time that is no later than what it reads', async () => {
  const page = await pageOf(many, null);
  const { rows } = await harness.admin.query<{ late: boolean }>('SELECT $1::timestamptz > now() AS late', [page.asAt]);
  expect(rows[0]?.late).toBe(false);
});

test('a field that objects would read otherwise is not read so', async () => {
  expect(await target.readBackDirect?.(loose, ['whole'], null, PageRows, call)).toBeNull();
});

test('a continuation of another collection is refused', async () => {
  const { next } = await pageOf(many, null);
  await expect(pageOf(kinds, next)).rejects.toMatchObject({ code: 'target.foreign-link' });
});

test('what the server refuses of a page is said before DuckDB reads it, with what to do', async () => {
  await harness.admin.query('REVOKE SELECT ON loose FROM loader; GRANT SELECT (id, legacy_id) ON loose TO loader');
  const of = collectionOf({ collection: 'loose', id: 'id', legacyKey }, { whole: decimal(9, 2) });
  await expect(pageOf(of, null)).rejects.toMatchObject({
    code: 'target.privilege',
    hint: expect.stringMatching(/SELECT/),
  });
  await harness.admin.query('GRANT SELECT ON loose TO loader');
});

/** Ends the connections that read `slow`, once there are any. */
async function endReaders(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rowCount } = await harness.admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE usename = 'loader' AND state = 'active' AND query LIKE '%slow%' AND wait_event = 'PgSleep'`,
      );
      expect(rowCount).toBeGreaterThan(0);
    },
    { timeout: 5_000, interval: 20 },
  );
}

test('a connection that an administrator ends within a page is made anew, and the page read from its beginning', async () => {
  const bench = new Bench();
  const page = await pageOf(slow, null, { asking: bench.call });
  let tries = 0;
  let ended: Promise<void> = Promise.resolve();
  const rows = await read(slow, page, (attempt) => {
    tries = attempt;
    if (attempt === 1) ended = endReaders();
  });
  await ended;
  expect(tries).toBe(2);
  expect(rows).toHaveLength(SlowRows);
  expect(bench.counted).toMatchObject({ inside: 0, reports: { ok: 2, failed: 1 } });
});

test('a connection that breaks again and again is a passing failure of the target, not one of DuckDB', async () => {
  const once = await harness.openWith({ port: wire.port, target: { tries: 1 } });
  try {
    const page = await pageOf(slow, null, { from: once });
    const lost = { code: 'target.lost', kind: 'transient', what: expect.stringContaining('target') };
    await expect(read(slow, page, () => void endReaders())).rejects.toMatchObject(lost);
    await expect(read(slow, page, () => void setTimeout(() => wire.drop(0), 200))).rejects.toMatchObject(lost);
    // Refuses whatever connects.
    wire.drop(60_000);
    await expect(read(slow, page)).rejects.toMatchObject(lost);
  } finally {
    wire.drop(0);
    await once.close();
  }
});

test('a password that lapsed, and a server with no connection to spare, are said as such', async () => {
  const bench = new Bench();
  const once = await harness.openWith({ port: wire.port, target: { tries: 1 } });
  try {
    const page = await pageOf(many, null, { from: once, asking: bench.call });
    await harness.admin.query('ALTER ROLE loader CONNECTION LIMIT 0');
    await expect(read(many, page)).rejects.toMatchObject({ code: 'target.busy', kind: 'transient' });
    expect(bench.counted.reports).toEqual({ ok: 1, throttled: 1, failed: 0 });
    await harness.admin.query(`ALTER ROLE loader CONNECTION LIMIT -1 PASSWORD 'another'`);
    const lapsed: unknown = await read(many, page).catch((error: unknown) => error);
    expect(lapsed).toMatchObject({ code: 'target.password', kind: 'unauthorised' });
    // DuckDB quotes all that it was told.
    expect(lapsed).toMatchObject({ confidential: expect.stringMatching(/user='loader' password=\*{3}/) });
    expect(inspect(lapsed, { depth: 9 })).not.toContain('loader-secret');
  } finally {
    await harness.admin.query(`ALTER ROLE loader CONNECTION LIMIT -1 PASSWORD 'loader-secret'`);
    await once.close();
  }
});

test('a statement that takes longer than it may is ended by the server, and is a passing failure', async () => {
  const hasty = await harness.openWith({ port: wire.port, target: { tries: 1, statementMs: 200 } });
  try {
    const page = await pageOf(slow, null, { from: hasty });
    await expect(read(slow, page)).rejects.toMatchObject({ code: 'target.timeout', kind: 'transient' });
  } finally {
    await hasty.close();
  }
});

test('holds its place at the gate for as long as DuckDB reads', async () => {
  const order: string[] = [];
  let free = Promise.resolve();
  const one: TargetCall = {
    gate: {
      async enter() {
        const turn = free;
        let leave = (): void => {};
        free = new Promise((left) => (leave = left));
        await turn;
        return leave;
      },
      report: () => {},
    },
  };
  let beside: Promise<void> = Promise.resolve();
  const page = await pageOf(slow, null, { asking: one });
  const request = (work: () => Promise<void>): Promise<void> =>
    page.request(async () => {
      await work();
      order.push('read');
    });
  await read(slow, { ...page, request }, () => {
    beside = target.countRows(many, one).then(() => void order.push('counted'));
  });
  await beside;
  expect(order).toEqual(['read', 'counted']);
});

test('whatever else fails while DuckDB reads is thrown as it is, once, and is not held against the target', async () => {
  const bench = new Bench();
  const page = await pageOf(many, null, { asking: bench.call });
  for (const failure of [
    new LandfallError({ code: 'staging.full', kind: 'transient', what: 'No space.', hint: 'Free some.' }),
    new Error('told to stop'),
  ]) {
    let tries = 0;
    const failing = async (): Promise<void> => {
      tries += 1;
      await Promise.reject(failure);
    };
    await expect(page.request(failing)).rejects.toBe(failure);
    expect(tries).toBe(1);
  }
  expect(bench.counted).toMatchObject({ inside: 0, reports: { throttled: 0, failed: 0 } });
  expect(await read(many, page)).toHaveLength(PageRows);
});

test('an abort ends the reading with the signal’s reason', async () => {
  const staging = await staged();
  const page = await pageOf(slow, null);
  const stop = new AbortController();
  const reason = new Error('told to stop');
  const reading = withReader(staging, page.read, { purpose: 'test', keys: {}, signal: stop.signal }, (job) =>
    page.request(() =>
      throughRead(job, page.read, async (select) => {
        setTimeout(() => stop.abort(reason), 100);
        await job.run(`CREATE TABLE page AS ${select}`);
      }),
    ),
  );
  await expect(reading).rejects.toBe(reason);
});
