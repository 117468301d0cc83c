import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RowOutcome, Target, TargetDocument } from '../../../connectors/port.ts';
import { decimal, reference, text } from '../../../model/shape.ts';
import { Bench, row } from '../../conformance/target-bench.ts';
import { collectionOf } from '../../conformance/target-cloud-crm.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';

const { call } = new Bench();
let harness: PostgresTargetHarness;
let target: Target;

const legacyKey = 'legacy_id';
const shape = { name: text(20), free: decimal(38, 4).nullable(), exact: decimal(10, 2).nullable() };
const items = collectionOf({ collection: 'item', id: 'id', legacyKey }, shape);
const parts = collectionOf({ collection: 'part', id: 'id', legacyKey }, { item: reference('item'), name: text(20) });
const split = collectionOf({ collection: 'split', id: 'id', legacyKey }, { name: text(20) });
const log = collectionOf({ collection: 'log', id: 'id', legacyKey, write: 'create' }, { name: text(20) });

beforeAll(async () => {
  harness = await postgresTargetHarness();
  await harness.admin.query(`
    CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text UNIQUE, name varchar(20) NOT NULL,
      free numeric, exact numeric(10,2), other bigint REFERENCES item DEFERRABLE INITIALLY DEFERRED,
      CONSTRAINT positive CHECK (exact > 0), CONSTRAINT named UNIQUE (name));
    CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.name = 'raise' THEN RAISE 'no such thing' USING ERRCODE = 'LF001'; END IF;
      IF NEW.name = 'skip' THEN RETURN NULL; END IF;
      IF NEW.name = 'rename' THEN NEW.legacy_id := 'another'; END IF;
      RETURN NEW; END $$;
    CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION guard();
    CREATE TABLE part (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), legacy_id text UNIQUE,
      item bigint NOT NULL REFERENCES item, name text CHECK (name <> 'bad'));
    CREATE TABLE split (id bigint GENERATED ALWAYS AS IDENTITY, legacy_id text UNIQUE, name text) PARTITION BY HASH (legacy_id);
    CREATE TABLE split_0 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE split_1 PARTITION OF split FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id text, name text);
    GRANT SELECT, INSERT, UPDATE ON item, part, split, log TO loader`);
  target = await harness.open();
});

afterAll(async () => {
  await target.close();
  await harness.stop();
});

const write = (...documents: TargetDocument[]): Promise<RowOutcome[]> => target.writeBatch(documents, 'write', call);
const outcomes = async (...documents: TargetDocument[]): Promise<string[]> =>
  (await write(...documents)).map((one) => one.outcome);
const column = async (sql: string): Promise<unknown[]> =>
  (await harness.admin.query<{ v: unknown }>(sql)).rows.map((one) => one.v);

describe('what became of a row is told as it was', () => {
  for (const [where, collection] of Object.entries({ 'a table': items, 'a partitioned table': split })) {
    test(`created, updated and unchanged, in ${where}`, async () => {
      const of = (a: string, b: string): TargetDocument[] => [
        row(collection, 'a', { name: `${where.length}${a}` }),
        row(collection, 'b', { name: `${where.length}${b}` }),
      ];
      expect(await outcomes(...of('first', 'second'))).toEqual(['created', 'created']);
      expect(await outcomes(...of('first', 'changed'))).toEqual(['unchanged', 'updated']);
    });
  }

  test('a number that is written with other digits is another value, and a field that is not sent stays', async () => {
    const document = (free: string): TargetDocument => row(items, 'digits', { name: 'digits', free });
    expect(await outcomes(document('1.0'))).toEqual(['created']);
    expect(await outcomes(document('1.0'))).toEqual(['unchanged']);
    expect(await outcomes(document('1.00'))).toEqual(['updated']);
    expect(await outcomes(row(items, 'digits', { name: 'digits' }))).toEqual(['unchanged']);
    expect(await column(`SELECT free::text AS v FROM item WHERE legacy_id = 'digits'`)).toEqual(['1.00']);
  });

  test('an unchanged row is not written: its version stays', async () => {
    const document = row(items, 'still', { name: 'still', exact: '1.50' });
    await write(document);
    const version = `SELECT xmin::text AS v FROM item WHERE legacy_id = 'still'`;
    const before = await column(version);
    expect(await outcomes(document)).toEqual(['unchanged']);
    expect(await column(version)).toEqual(before);
  });

  test('a row whose key in the target is known is changed there, and never created', async () => {
    const [first] = await write(row(log, 'known', { name: 'a' }));
    const targetKey = first && 'targetKey' in first ? first.targetKey : '';
    const known = (name: string, key: string): TargetDocument => {
      const document = row(log, 'known', { name, legacy_id: 'known' });
      return { ...document, row: { ...document.row, targetKey: key } };
    };
    expect(await outcomes(known('b', targetKey))).toEqual(['updated']);
    expect(await outcomes(known('b', targetKey))).toEqual(['unchanged']);
    expect(await outcomes(known('b', '999999'))).toEqual(['refused']);
    expect(await column(`SELECT name AS v FROM log WHERE legacy_id = 'known'`)).toEqual(['b']);
  });
});

describe('a row that the target refuses', () => {
  const refused: Record<string, [fields: Record<string, string | number | null>, code: string]> = {
    'is too long': [{ name: 'x'.repeat(21) }, '22001'],
    'has no value where one is wanted': [{ name: null }, '23502'],
    'breaks a check': [{ name: 'check', exact: '-1.00' }, '23514'],
    'is there already under another key': [{ name: 'taken' }, '23505'],
    'has no number in a number’s place': [{ name: 'number', free: 'many' }, '22P02'],
    'has more digits than fit': [{ name: 'digits lost', exact: '1.005' }, 'digits-lost'],
    'is larger than fits': [{ name: 'large', exact: '123456789.00' }, '22003'],
    'holds a character that PostgreSQL does not': [{ name: 'a\0b' }, '22021'],
    'holds half a character': [{ name: 'a\uD83D' }, '22021'],
    'is raised against by a trigger': [{ name: 'raise' }, 'LF001'],
    'is skipped by a trigger': [{ name: 'skip' }, 'not-written'],
    'is given another key by a trigger': [{ name: 'rename' }, 'not-written'],
  };

  test('is found among many, whatever it is refused for, and harms none of the others', async () => {
    await write(row(items, 'taken', { name: 'taken' }));
    const bad = Object.values(refused);
    const documents = Array.from({ length: 600 }, (_, n) => {
      const [fields] = (n % 47 === 3 ? bad[Math.floor(n / 47)] : undefined) ?? [{ name: `good ${n}` }];
      return row(items, `many ${n}`, fields);
    });
    const said = await write(...documents);
    expect(said.filter((one) => one.outcome === 'refused').map((one) => ('code' in one ? one.code : ''))).toEqual(
      bad.map(([, code]) => code),
    );
    expect(said.filter((one) => one.outcome === 'created')).toHaveLength(600 - bad.length);
    expect(await column(`SELECT count(*)::integer AS v FROM item WHERE legacy_id LIKE 'many %'`)).toEqual([
      600 - bad.length,
    ]);
    expect(await column(`SELECT count(*)::integer AS v FROM item WHERE legacy_id = 'another'`)).toEqual([0]);
  });

  test('is named with its field where the target says so', async () => {
    const said = await write(row(items, 'f1', { name: 'f1', exact: '-1.00' }), row(items, 'f2', { name: null }));
    expect(said.map((one) => ('field' in one ? one.field : ''))).toEqual(['exact', 'name']);
  });

  test('is found when its constraint waits for the end of the transaction', async () => {
    const to = collectionOf(
      { collection: 'item', id: 'id', legacyKey },
      { ...shape, other: reference('item').nullable() },
    );
    const pointing = (key: string, targetKey: string | null): TargetDocument =>
      row(to, key, { name: key }, [{ field: 'other', collection: 'item', targetKey }]);
    expect(await outcomes(pointing('d1', null), pointing('d2', '424242'), pointing('d3', null))).toEqual([
      'created',
      'refused',
      'created',
    ]);
  });

  test('takes its document with it, and is told from the rows that fell because of it', async () => {
    const line = (key: string, name: string): TargetDocument['row'] => ({
      legacyKey: key,
      body: JSON.stringify({ name }),
      references: [{ field: 'item', collection: 'item', targetKey: null, toHeader: true }],
    });
    const document = (key: string, ...names: string[]): TargetDocument => ({
      ...row(items, key, { name: key }),
      lines: { collection: parts, rows: names.map((name, n) => line(`${key}/${n}`, name)) },
    });
    const said = await write(
      document('doc 1', 'a', 'b'),
      document('doc 2', 'a', 'bad', 'c', 'bad'),
      document('doc 3', 'a'),
    );
    expect(said.map((one) => [one.legacyKey, 'code' in one ? one.code : one.outcome])).toEqual([
      ['doc 1', 'created'],
      ['doc 1/0', 'created'],
      ['doc 1/1', 'created'],
      ['doc 2', 'document'],
      ['doc 2/0', 'document'],
      ['doc 2/1', '23514'],
      ['doc 2/2', 'document'],
      ['doc 2/3', '23514'],
      ['doc 3', 'created'],
      ['doc 3/0', 'created'],
    ]);
    expect(await column(`SELECT count(*)::integer AS v FROM part WHERE legacy_id LIKE 'doc 2%'`)).toEqual([0]);
  });
});

test('rows that write different columns go in one batch', async () => {
  const said = await outcomes(
    row(items, 'mixed 1', { name: 'mixed 1' }),
    row(items, 'mixed 2', { name: 'mixed 2', exact: '2.00' }),
    row(parts, 'mixed 3', { name: 'no item' }),
  );
  expect(said).toEqual(['created', 'created', 'refused']);
});

test('keys that are numbers or UUIDs are found, and what cannot be one is not there', async () => {
  await harness.admin
    .query(`CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id bigint UNIQUE);
    CREATE TABLE universal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, legacy_id uuid UNIQUE);
    GRANT SELECT, INSERT, UPDATE ON numbered, universal TO loader`);
  for (const [name, keys] of Object.entries({
    numbered: ['9223372036854775807', '-9223372036854775808', '0'],
    universal: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  })) {
    const collection = collectionOf({ collection: name, id: 'id', legacyKey }, {});
    const said = await write(...keys.map((key) => row(collection, key, {})));
    expect(said.map((one) => one.outcome)).toEqual(keys.map(() => 'created'));
    const found = await target.findByLegacyKey(collection, [...keys, '9223372036854775808', 'not one'], call);
    expect(found.map((one) => one.legacyKey).toSorted()).toEqual(keys.toSorted());
    expect(await outcomes(...keys.map((key) => row(collection, key, {})))).toEqual(keys.map(() => 'unchanged'));
  }
});
