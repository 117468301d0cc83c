import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LineColumn, LineRows, Target, TargetCall, TargetCollection } from '../../../connectors/port.ts';
import { LandfallError } from '../../../model/errors.ts';
import { bigInteger, date, decimal, flag, integer, reference, text, timestamp, uuid } from '../../../model/shape.ts';
import { openWire, type Wire } from '../../chaos/wire.ts';
import { Bench } from '../../conformance/target-bench.ts';
import { collectionOf } from '../../conformance/target-cloud-crm.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';

const { call, counted } = new Bench();
let harness: PostgresTargetHarness;
let wire: Wire;
/** Behind the harness's wire, which knows a COMMIT when it sees one. */
let target: Target;
/** Behind a wire that can be cut anywhere, with little patience. */
let hasty: Target;

const legacyKey = 'legacy_id';
const of = (collection: string, shape: Parameters<typeof collectionOf>[1]): TargetCollection =>
  collectionOf({ collection, id: 'id', legacyKey }, shape);
const name = text(20);
const items = of('item', { name, exact: decimal(10, 2).nullable() });
const split = of('split', { name });
const partly = of('partly', { name });
const slow = of('slow', { name });

beforeAll(async () => {
  harness = await postgresTargetHarness();
  await harness.admin.query(`
    CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text UNIQUE, name varchar(20) NOT NULL,
      exact numeric(10,2), other bigint REFERENCES item DEFERRABLE INITIALLY DEFERRED,
      CONSTRAINT positive CHECK (exact > 0), CONSTRAINT named UNIQUE (name));
    CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.name = 'raise' THEN RAISE 'no such thing' USING ERRCODE = 'LF001'; END IF;
      IF NEW.name = 'skip' THEN RETURN NULL; END IF;
      IF NEW.name = 'rename' THEN NEW.legacy_id := 'another'; END IF;
      RETURN NEW; END $$;
    CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION guard();
    CREATE TABLE split (id bigint GENERATED ALWAYS AS IDENTITY, legacy_id text UNIQUE, name text) PARTITION BY HASH (legacy_id);
    CREATE TABLE split_0 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE split_1 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE partly (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text, name text);
    CREATE UNIQUE INDEX ON partly (legacy_id) WHERE legacy_id IS NOT NULL;
    CREATE TABLE slow (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text UNIQUE, name text);
    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$;
    CREATE TRIGGER slowly BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION slowly();
    GRANT SELECT, INSERT, UPDATE ON item, split, partly, slow TO loader`);
  target = await harness.open();
  wire = await openWire();
  wire.to(harness.settings.port);
  const limits = { statementMs: 4_000, idleMs: 1_000, settlingMs: 8_000, tries: 3 };
  hasty = await harness.openWith({ port: wire.port, target: limits });
});

afterAll(async () => {
  await target.close();
  await hasty.close();
  await wire.close();
  await harness.stop();
});

type Value = string | null;

/** A value as it stands in a line. */
function inLine(value: Value): string {
  if (value === null) return '\\N';
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}

/** Rows with their keys, and a value for each column. */
function linesOf(
  collection: TargetCollection,
  columns: readonly (string | LineColumn)[],
  rows: readonly (readonly Value[])[],
): LineRows {
  return {
    collection,
    columns: columns.map((one) => (typeof one === 'string' ? { field: one } : one)),
    count: rows.length,
    async *lines() {
      for (const row of rows) yield `${row.map(inLine).join('\t')}\n`;
    },
  };
}

const named = (collection: TargetCollection, rows: Readonly<Record<string, string>>): LineRows =>
  linesOf(collection, ['name'], Object.entries(rows));

type Answer = Awaited<ReturnType<NonNullable<Target['writeLines']>>>;

function sendWith(
  rows: LineRows,
  accept: (answers: AsyncIterable<string>) => Promise<boolean>,
  { by = target, over = {} }: { by?: Target; over?: Partial<TargetCall> } = {},
): Promise<Answer> {
  if (!by.writeLines) throw new Error('the connector takes no lines');
  return by.writeLines(rows, accept, { ...call, ...over });
}

/** What is said first of each row, by its key. */
async function heard(answers: AsyncIterable<string>): Promise<Map<string, { id: string; outcome: string }>> {
  const said = new Map<string, { id: string; outcome: string }>();
  for await (const piece of answers) {
    expect(piece.endsWith('\n')).toBe(true);
    for (const line of piece.slice(0, -1).split('\n')) {
      const [key = '', id = '', outcome = ''] = line.split('\t');
      if (!said.has(key)) said.set(key, { id, outcome });
    }
  }
  return said;
}

const anything = async (answers: AsyncIterable<string>): Promise<boolean> => {
  await heard(answers);
  return true;
};

/** Sends rows, and takes them as written where each is accounted for and no other. @returns what was said of each */
async function send(rows: LineRows, by?: Target): Promise<{ answer: Answer; said: Record<string, string> }> {
  const keys = new Set<string>();
  for await (const piece of rows.lines()) keys.add(piece.trimEnd().split('\t')[0] ?? '');
  let said: Record<string, string> = {};
  const answer = await sendWith(
    rows,
    async (answers) => {
      const all = await heard(answers);
      said = Object.fromEntries([...all].map(([key, { outcome }]) => [key, outcome]));
      return all.size === keys.size && [...all.keys()].every((one) => keys.has(one));
    },
    by ? { by } : {},
  );
  return { answer, said };
}

const column = async (sql: string, values: readonly unknown[] = []): Promise<unknown[]> =>
  (await harness.admin.query<{ v: unknown }>(sql, [...values])).rows.map((one) => one.v);
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

let serial = 0;
/** A key that no other test uses. */
const key = (): string => `k${(serial += 1)}`;

/** Rows of one table; without a number so many that the server’s answer is on its way for long. */
function many(count = 20_000): LineRows {
  const own = key();
  return linesOf(
    split,
    ['name'],
    Array.from({ length: count }, (_, i) => [`${own} ${'x'.repeat(80)} ${i}`, 'one']),
  );
}

/** That nothing was written, no turn is held, and the next rows go the same way. */
async function leftAsItWas(rows: LineRows, by: Target = target): Promise<void> {
  const keys: string[] = [];
  for await (const piece of rows.lines()) keys.push(piece.trimEnd().split('\t')[0] ?? '');
  const { collection } = rows.collection;
  const wanted = [...keys, 'another'];
  expect(await column(`SELECT legacy_id AS v FROM ${collection} WHERE legacy_id = ANY ($1)`, [wanted])).toEqual([]);
  expect(counted.inside).toBe(0);
  const next = key();
  expect(await send(named(items, { [next]: next }), by)).toEqual({ answer: 'written', said: { [next]: 'created' } });
}

describe('what became of a row is told as it was', () => {
  for (const [where, collection] of Object.entries({
    'a table': items,
    'a partitioned table': split,
    'a table whose unique index leaves rows without a key out': partly,
  })) {
    test(`created, updated and unchanged, in ${where}`, async () => {
      const [a, b, c] = [key(), key(), key()];
      expect(await send(named(collection, { [a]: `first ${a}`, [b]: `second ${b}` }))).toEqual({
        answer: 'written',
        said: { [a]: 'created', [b]: 'created' },
      });
      const version = `SELECT xmin::text AS v FROM ${collection.collection} WHERE legacy_id = '${a}'`;
      const before = await column(version);
      expect(await send(named(collection, { [a]: `first ${a}`, [b]: `changed ${b}`, [c]: `third ${c}` }))).toEqual({
        answer: 'written',
        said: { [a]: 'unchanged', [b]: 'updated', [c]: 'created' },
      });
      expect(await column(version)).toEqual(before);
      expect(
        await column(
          `SELECT name AS v FROM ${collection.collection} WHERE legacy_id IN ('${a}', '${b}', '${c}') ORDER BY 1`,
        ),
      ).toEqual([`changed ${b}`, `first ${a}`, `third ${c}`]);
    });
  }

  test('and each with its key in the target', async () => {
    const [a, b] = [key(), key()];
    await send(named(items, { [a]: a }));
    let said = new Map<string, { id: string }>();
    await sendWith(named(items, { [a]: a, [b]: b }), async (answers) => {
      said = await heard(answers);
      return true;
    });
    expect(await column(`SELECT id::text AS v FROM item WHERE legacy_id IN ('${a}', '${b}') ORDER BY id`)).toEqual(
      [a, b].map((one) => said.get(one)?.id),
    );
  });

  test('of more rows than one piece of the answer holds', async () => {
    const rows = many();
    const { answer, said } = await send(rows);
    expect(answer).toBe('written');
    expect(Object.keys(said)).toHaveLength(rows.count);
    expect(new Set(Object.values(said))).toEqual(new Set(['created']));
  });

  test('of rows that hold nothing but their key', async () => {
    const [a, b] = [key(), key()];
    await send(linesOf(partly, [], [[a]]));
    expect(await send(linesOf(partly, [], [[a], [b]]))).toEqual({
      answer: 'written',
      said: { [a]: 'unchanged', [b]: 'created' },
    });
  });
});

describe('a value arrives as it was sent', () => {
  const texts = of('kinds', { label: text(160), free: text(100_000).nullable() });

  test('texts, whatever they hold, and nothing as nothing', async () => {
    const awkward: Value[] = [
      'a\tb',
      'a\nb',
      'a\rb\r\n',
      'a\\b',
      '\\',
      '\\N',
      '\\\\N',
      '\\.',
      '\\n\\t',
      '',
      ' ',
      `'"''""`,
      '🙂👩‍👩‍👧 日本 é',
      '\u0001\b\f\v\u{10FFFF}\u2028',
      '{a,"b"}',
      'NULL',
      'x'.repeat(100_000),
      null,
    ];
    const rows = awkward.map((free, i) => [`text ${String(i).padStart(2, '0')}`, `row ${i}`, free]);
    expect((await send(linesOf(texts, ['label', 'free'], rows))).answer).toBe('written');
    expect(await column(`SELECT free AS v FROM kinds WHERE legacy_id LIKE 'text %' ORDER BY legacy_id`)).toEqual(
      awkward,
    );
  });

  test('numbers, dates, instants, truth and UUIDs', async () => {
    const kinds = of('kinds', {
      label: text(160),
      amount: decimal(18, 2).nullable(),
      wide: decimal(38, 20).nullable(),
      large: bigInteger().nullable(),
      small: integer({ min: 0, max: 99 }).nullable(),
      yes: flag().nullable(),
      day: date().nullable(),
      at: timestamp().nullable(),
      token: uuid().nullable(),
    });
    const columns = ['label', 'amount', 'wide', 'large', 'small', 'yes', 'day', 'at', 'token'];
    const token = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    const rows = [
      [
        'kind 1',
        'a',
        '1234.50',
        '0.00000000000000000001',
        '9223372036854775807',
        '7',
        'true',
        '1899-12-31',
        '1999-12-31T23:59:59.123456Z',
        token,
      ],
      [
        'kind 2',
        'b',
        '-9999999999999999.99',
        '-123456789012345678.12345678901234567890',
        '-9223372036854775808',
        '0',
        'false',
        '9999-12-31',
        '1753-01-01T00:00:00.000001Z',
        null,
      ],
      ['kind 3', 'c', '0.00', '1.00000000000000000000', '0', null, null, 'infinity', '-infinity', null],
      ['kind 4', 'd', null, null, null, null, null, '12020-12-31', '12020-01-01T00:00:00.000000Z', null],
    ];
    expect((await send(linesOf(kinds, columns, rows))).answer).toBe('written');
    const { rows: there } = await harness.admin.query<Record<string, Value>>(
      `SELECT legacy_id, ${columns.map((one) => `"${one}"::text`).join(', ')} FROM kinds WHERE legacy_id LIKE 'kind %' ORDER BY 1`,
    );
    const instant = (value: Value | undefined): Value =>
      value?.replace('T', ' ').replace('.000000', '').replace('Z', '+00') ?? null;
    expect(there.map((one) => Object.values(one))).toEqual(
      rows.map((one) => one.map((value, i) => (columns[i - 1] === 'at' ? instant(value) : value))),
    );
  });

  test('a reference to rows of several collections lies in the column of its kind', async () => {
    const notes = of('public.note', { subject: text(500).nullable(), about: reference('account', 'plain').nullable() });
    await harness.admin.query(`INSERT INTO account (legacy_id, name) VALUES ('account 1', 'a');
      INSERT INTO plain (legacy_id, label) VALUES ('plain 1', 'b')`);
    const [account] = await column(`SELECT id::text AS v FROM account WHERE legacy_id = 'account 1'`);
    const [plain] = await column(`SELECT id::text AS v FROM plain WHERE legacy_id = 'plain 1'`);
    const columns = ['subject', ...['account', 'plain'].map((collection) => ({ field: 'about', collection }))];
    const rows = [
      ['note 1', 'of an account', String(account), null],
      ['note 2', 'of a plain one', null, String(plain)],
      ['note 3', 'of none', null, null],
    ];
    expect((await send(linesOf(notes, columns, rows))).answer).toBe('written');
    expect(
      await column(`SELECT ARRAY[about_account::text, about_plain::text] AS v FROM note WHERE legacy_id LIKE 'note %'
        ORDER BY legacy_id`),
    ).toEqual([
      [account, null],
      [null, plain],
      [null, null],
    ]);
  });
});

describe('rows that the target does not take as they are', () => {
  const refused: Record<string, [name: string, exact: Value]> = {
    'is too long': ['x'.repeat(21), null],
    'breaks a check': ['check', '-1.00'],
    'is there already under another key': ['taken', null],
    'is no number in a number’s place': ['number', 'many'],
    'holds a character that PostgreSQL does not': ['a\0b', null],
    'is raised against by a trigger': ['raise', null],
    'is skipped by a trigger': ['skip', null],
    'is given another key by a trigger': ['rename', null],
  };
  for (const [what, fields] of Object.entries(refused)) {
    test(`one that ${what}: none is written, and documents are asked for`, async () => {
      await send(named(items, { taken: 'taken' }));
      const rows = linesOf(
        items,
        ['name', 'exact'],
        [
          [key(), `good ${serial}`, null],
          [key(), ...fields],
          [key(), `good ${serial}`, '1.00'],
        ],
      );
      expect((await send(rows)).answer).toBe('declined');
      await leftAsItWas(rows);
    });
  }

  test('one that comes twice', async () => {
    const twice = key();
    const rows = linesOf(
      items,
      ['name'],
      [
        [twice, 'one'],
        [twice, 'two'],
      ],
    );
    expect((await send(rows)).answer).toBe('declined');
    await leftAsItWas(rows);
  });

  test('one that points at nothing, where that is looked at only in the end', async () => {
    const pointing = of('item', { name, other: reference('item').nullable() });
    const rows = linesOf(
      pointing,
      ['name', 'other'],
      [
        [key(), 'pointing', '424242'],
        [key(), 'not pointing', null],
      ],
    );
    expect((await send(rows)).answer).toBe('declined');
    await leftAsItWas(rows);
  });

  test('one that takes too long: it is for the documents to find which', async () => {
    const rows = named(slow, { [key()]: 'slow' });
    expect((await send(rows, hasty)).answer).toBe('declined');
    await leftAsItWas(rows, hasty);
  });

  const unsent: Record<string, LineRows> = {
    'a decimal of more digits than its column has': linesOf(
      of('item', { name, exact: decimal(10, 3).nullable() }),
      ['name', 'exact'],
      [['unsent', 'decimal', '1.000']],
    ),
    'a column that is not there': linesOf(of('item', { name, more: name }), ['name', 'more'], [['unsent', 'a', 'b']]),
    'the legacy key once more': linesOf(of('item', { legacy_id: name }), ['legacy_id'], [['unsent', 'unsent']]),
    'a reference to one of several collections without saying which': linesOf(
      of('item', { name: reference('account', 'plain') }),
      ['name'],
      [['unsent', 'which']],
    ),
    'a reference to a collection that its field does not name': linesOf(
      of('public.note', { about: reference('account', 'kinds').nullable() }),
      [{ field: 'about', collection: 'plain' }],
      [['unsent', null]],
    ),
  };
  for (const [what, rows] of Object.entries(unsent)) {
    test(`${what}: nothing is sent`, async () => {
      const before = counted.entered;
      expect((await send(rows)).answer).toBe('declined');
      expect(counted.entered).toBe(before);
    });
  }
});

describe('whoever asked has the last word', () => {
  const three = (): LineRows =>
    named(items, { [key()]: `a ${serial}`, [key()]: `b ${serial}`, [key()]: `c ${serial}` });

  for (const [what, rows] of [
    ['few', three],
    ['many', many],
  ] as const) {
    test(`${what} rows that are not accepted are not written`, async () => {
      const sent = rows();
      const { entered } = counted;
      expect(await sendWith(sent, async (answers) => (await anything(answers)) && false)).toBe('declined');
      expect(counted.entered).toBe(entered + 1);
      await leftAsItWas(sent);
    });

    test(`${what} rows whose answers are left in the middle are not written`, async () => {
      const sent = rows();
      const { entered } = counted;
      const first = async (answers: AsyncIterable<string>): Promise<boolean> => {
        for await (const _piece of answers) return false;
        return true;
      };
      expect(await sendWith(sent, first)).toBe('declined');
      expect(counted.entered).toBe(entered + 1);
      await leftAsItWas(sent);
    });

    for (const [kind, own] of [
      ['an error', new Error('nothing that a target would say')],
      [
        'an error of its own',
        new LandfallError({ code: 'duckdb.failed', kind: 'permanent', what: 'No.', hint: 'No.' }),
      ],
    ] as const) {
      test(`${kind} over the answers about ${what} rows is thrown as it is`, async () => {
        const sent = rows();
        const { entered } = counted;
        const accept = async (answers: AsyncIterable<string>): Promise<boolean> => {
          for await (const _piece of answers) throw own;
          return true;
        };
        expect(await failure(sendWith(sent, accept))).toBe(own);
        expect(counted.entered).toBe(entered + 1);
        await leftAsItWas(sent);
      });

      test(`${kind} in the source of ${what} lines is thrown as it is`, async () => {
        const sent = rows();
        const { entered } = counted;
        const broken: LineRows = {
          ...sent,
          async *lines() {
            yield* sent.lines();
            throw own;
          },
        };
        expect(await failure(sendWith(broken, anything))).toBe(own);
        expect(counted.entered).toBe(entered + 1);
        await leftAsItWas(sent);
      });
    }
  }

  test('rows whose answers nobody reads are not written', async () => {
    const sent = three();
    expect(await sendWith(sent, () => Promise.resolve(true))).toBe('declined');
    await leftAsItWas(sent);
  });

  const overtaken = new LandfallError({ code: 'load.fenced', kind: 'transient', what: 'Overtaken.', hint: 'Nothing.' });
  for (const [when, times] of [
    ['before the transaction', 1],
    ['right before COMMIT', 2],
  ] as const) {
    test(`an attempt that is overtaken ${when} writes nothing`, async () => {
      const sent = three();
      let asked = 0;
      let told = 0;
      const stillOurs = (): Promise<void> => {
        asked += 1;
        return asked === times ? Promise.reject(overtaken) : Promise.resolve();
      };
      const accept = (answers: AsyncIterable<string>): Promise<boolean> => {
        told += 1;
        return anything(answers);
      };
      expect(await failure(sendWith(sent, accept, { over: { stillOurs } }))).toBe(overtaken);
      expect({ asked, told }).toEqual({ asked: times, told: times - 1 });
      await leftAsItWas(sent);
    });
  }

  test('an attempt that is stopped writes nothing, and says why it was stopped', async () => {
    const sent = three();
    const controller = new AbortController();
    const stopped = new Error('stopped');
    const accept = async (answers: AsyncIterable<string>): Promise<boolean> => {
      await anything(answers);
      controller.abort(stopped);
      return true;
    };
    expect(await failure(sendWith(sent, accept, { over: { signal: controller.signal } }))).toBe(stopped);
    await leftAsItWas(sent);
  });
});

describe('a connection that breaks', () => {
  test('while lines are brought has written nothing, and they are sent again', async () => {
    const rows = many(2_000);
    let asked = 0;
    const sent: LineRows = {
      ...rows,
      lines() {
        asked += 1;
        return rows.lines();
      },
    };
    wire.cutAfter(40_000);
    const said = await sendWith(sent, async (answers) => (await heard(answers)).size === rows.count, { by: hasty });
    expect({ said, asked }).toEqual({ said: 'written', asked: 2 });
  });

  test('while answers are read has written nothing, and they are sent again', async () => {
    const rows = many();
    const read: number[] = [];
    const said = await sendWith(rows, async (answers) => {
      const attempt = read.push(0) - 1;
      for await (const piece of answers) {
        if (attempt === 0 && read[0] === 0) await harness.expireCredentials();
        read[attempt] = (read[attempt] ?? 0) + piece.split('\n').length - 1;
      }
      return read[attempt] === rows.count;
    });
    expect({ said, attempts: read.length, last: read.at(-1) }).toEqual({
      said: 'written',
      attempts: 2,
      last: rows.count,
    });
  });

  for (const fault of ['reset-before-commit', 'reset-after-commit'] as const) {
    test(`over COMMIT leaves it uncertain whether they are there: ${fault}`, async () => {
      const rows = named(items, { [key()]: `a ${serial}`, [key()]: `b ${serial}` });
      await harness.arm(fault);
      expect((await send(rows)).answer).toBe('uncertain');
      expect(counted.inside).toBe(0);
      const { answer, said } = await send(rows);
      const was = fault === 'reset-after-commit' ? 'unchanged' : 'created';
      expect({ answer, said: Object.values(said) }).toEqual({ answer: 'written', said: [was, was] });
    });
  }

  test('and a server that stays away are an error that may pass', async () => {
    await send(named(items, { [key()]: `near ${serial}` }), hasty);
    const sent = named(items, { [key()]: `away ${serial}` });
    wire.drop(1_500);
    const error = await failure(send(sent, hasty));
    expect(error).toBeInstanceOf(LandfallError);
    expect(error).toMatchObject({ kind: 'transient' });
    await sleep(1_500);
    await leftAsItWas(sent, hasty);
  });

  test('because the client fell silent before COMMIT leaves it uncertain, and nothing there', async () => {
    const sent = named(items, { [key()]: `silent ${serial}` });
    let asked = 0;
    const stillOurs = async (): Promise<void> => {
      asked += 1;
      if (asked === 2) await sleep(1_500);
    };
    expect(await sendWith(sent, anything, { by: hasty, over: { stillOurs } })).toBe('uncertain');
    await leftAsItWas(sent, hasty);
  });
});
