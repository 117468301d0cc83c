import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typeTable } from '../../connectors/postgres/types.ts';
import type { Source } from '../../connectors/port.ts';
import { postgresHarness, type PostgresHarness } from '../conformance/source-postgres.ts';

/** For each line of the type table: literals as PostgreSQL reads them, and what must be staged, as text. */
const values: Record<string, [literal: string, staged: string][]> = {
  boolean: [
    ['true', 'true'],
    ['false', 'false'],
  ],
  smallint: [['-32768', '-32768']],
  integer: [['-2147483648', '-2147483648']],
  bigint: [['9223372036854775807', '9223372036854775807']],
  real: [
    ['3.4028235e38', '3.4028235e+38'],
    ['NaN', 'nan'],
    ['-Infinity', '-inf'],
  ],
  'double precision': [
    ['1.7976931348623157e308', '1.7976931348623157e+308'],
    ['5e-324', '5e-324'],
    ['NaN', 'nan'],
  ],
  numeric: [
    ['1.23456789012345678901234567890123456789012345', '1.23456789012345678901234567890123456789012345'],
    ['NaN', 'NaN'],
    ['Infinity', 'Infinity'],
    ['1.500', '1.500'],
  ],
  'numeric(18,2)': [
    ['-9999999999999999.99', '-9999999999999999.99'],
    ['NaN', 'NaN'],
    ['1.5', '1.50'],
  ],
  'numeric(60,10)': [
    [
      '12345678901234567890123456789012345678901234567890.0123456789',
      '12345678901234567890123456789012345678901234567890.0123456789',
    ],
  ],
  text: [
    ['', ''],
    [' naïve\t漢字 👩‍👩‍👧 "\\N" ', ' naïve\t漢字 👩‍👩‍👧 "\\N" '],
  ],
  'varchar(20)': [['x  ', 'x  ']],
  'char(5)': [['ab', 'ab']],
  bytea: [
    ['\\x00ff27', '\\x00\\xFF\\x27'],
    ['', ''],
  ],
  date: [
    ['0044-03-15 BC', '0044-03-15 (BC)'],
    ['infinity', 'infinity'],
    ['9999-12-31', '9999-12-31'],
  ],
  timestamp: [
    ['2021-03-28 02:30:00.000001', '2021-03-28 02:30:00.000001'],
    ['-infinity', '-infinity'],
  ],
  timestamptz: [
    ['1999-12-31 23:59:59.123456+01', '1999-12-31 22:59:59.123456+00'],
    ['infinity', 'infinity'],
  ],
  uuid: [['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  time: [['24:00:00', '24:00:00']],
  timetz: [['23:59:59.999999+14:30', '23:59:59.999999+14:30']],
  interval: [['1 year 2 mons -3 days 04:05:06.789', '1 year 2 mons -3 days +04:05:06.789']],
  money: [['-1234.56', '-$1,234.56']],
  json: [['{"a":  1.50, "a": 2}', '{"a":  1.50, "a": 2}']],
  jsonb: [['{"b": 1, "a": 1.50}', '{"a": 1.50, "b": 1}']],
  xml: [['<a>é</a>', '<a>é</a>']],
  inet: [['2001:db8::1/64', '2001:db8::1/64']],
  cidr: [['10.1.0.0/16', '10.1.0.0/16']],
  macaddr: [['08:00:2B:01:02:03', '08:00:2b:01:02:03']],
  'bit(4)': [['1010', '1010']],
  varbit: [['', '']],
  int4range: [['[1,5)', '[1,5)']],
  point: [['(1.5,-2)', '(1.5,-2)']],
  tsvector: [["'a':1 'b':2", "'a':1 'b':2"]],
  oid: [['4294967295', '4294967295']],
  'integer[]': [['{{1,NULL},{3,4}}', '{{1,NULL},{3,4}}']],
  'text[]': [['{"a,b",NULL,"NULL",""}', '{"a,b",NULL,"NULL",""}']],
};

let harness: PostgresHarness;
let source: Source;

beforeAll(async () => {
  harness = await postgresHarness();
  await harness.run(`CREATE DOMAIN amount AS numeric(18,2); CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TYPE pair AS (a integer, b text)`);
  source = await harness.open();
});

afterAll(async () => {
  await source.close();
  await harness.stop();
});

let tables = 0;
async function staged(native: string, literals: readonly string[]): Promise<(string | null)[]> {
  tables += 1;
  await harness.run(`CREATE TABLE kind${tables} (id integer PRIMARY KEY, v ${native})`);
  for (const [id, literal] of literals.entries()) {
    await harness.run(`INSERT INTO kind${tables} VALUES (${id}, $1::text::${native})`, [literal]);
  }
  await harness.run(`INSERT INTO kind${tables} VALUES (${literals.length}, NULL)`);
  const object = `public.kind${tables}`;
  const [described] = await source.describe([object]);
  const request = { object, key: ['id'], columns: described?.columns ?? [] };
  const rows = await harness.read(source, request, { number: 0, from: null, to: null });
  return rows.toSorted((a, b) => Number(a['id']) - Number(b['id'])).map((row) => row['v'] ?? null);
}

describe('a value arrives as the server has it, exact and without a guess', () => {
  test.each(typeTable.map((one) => one.native))('%s', async (native) => {
    const expected = values[native] ?? [];
    expect(expected, 'values to try this line of the type table with').not.toEqual([]);
    expect(
      await staged(
        native,
        expected.map(([literal]) => literal),
      ),
    ).toEqual([...expected.map(([, text]) => text), null]);
  });

  test('of a domain as of its base, of an enumeration and of a composite as text', async () => {
    expect(await staged('amount', ['12.3'])).toEqual(['12.30', null]);
    expect(await staged('mood', ['sad'])).toEqual(['sad', null]);
    expect(await staged('pair', ['(1,"a ""b")'])).toEqual(['(1,"a ""b")', null]);
  });
});
