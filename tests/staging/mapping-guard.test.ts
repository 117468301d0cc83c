import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import { openMappingGuard, type Inspection, type MappingGuard } from '../../staging/mapping-guard.ts';

const columns = new Map([
  ['id', 'BIGINT'],
  ['Name', 'VARCHAR'],
  ['amount', 'DECIMAL(12,2)'],
  ['quantity', 'DECIMAL(10,3)'],
  ['ratio', 'DOUBLE'],
  ['changed_at', 'TIMESTAMP'],
  ['born', 'DATE'],
  ['tags', 'VARCHAR[]'],
  ['document', 'JSON'],
  ['bytes', 'BLOB'],
  ['lookup:1', 'VARCHAR'],
]);
const grouped = { grouped: { key: ['id'] } };

let guard: MappingGuard;
let done: () => void;
let finished: Promise<void>;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'landfall-guard-'));
  const budget = createDuckBudget({ memoryBytes: 256 << 20, threads: 1, slots: 1 });
  guard = await new Promise((resolve, reject) => {
    finished = withDuckJob(budget, { purpose: 'a test', scratch }, async (job) => {
      resolve(await openMappingGuard(job));
      await new Promise<void>((end) => (done = end));
    }).catch(reject);
  });
});
afterAll(async () => {
  done();
  await finished;
  await rm(scratch, { recursive: true, force: true });
});

async function codes(sql: string, options = {}): Promise<string[]> {
  return (await guard.inspect(sql, columns, options)).problems.map((one) => one.code);
}

describe('a mapping that is right', () => {
  test.each<[string, Partial<Inspection>]>([
    [`trim(name)`, { columns: ['Name'], functions: ['trim'], type: 'VARCHAR' }],
    [`amount * quantity`, { columns: ['amount', 'quantity'], type: 'DECIMAL(18,5)' }],
    [`coalesce("lookup:1", 'XX')`, { columns: ['lookup:1'], type: 'VARCHAR' }],
    [`CASE WHEN amount < 0 THEN 'credit' ELSE '' END /* sign */`, { columns: ['amount'], type: 'VARCHAR' }],
    [
      `div(amount, quantity, 4, 'half_even')`,
      { columns: ['amount', 'quantity'], functions: ['div'], type: 'DECIMAL(38,12)' },
    ],
    [`exact_decimal(ratio, 2)`, { columns: ['ratio'], type: 'DECIMAL(38,12)' }],
    [`exact_decimal(name, 2)::DECIMAL(12, 2)`, { type: 'DECIMAL(12,2)' }],
    [`round(amount, 1)`, { type: 'DECIMAL(12,1)' }],
    [`amount::DECIMAL(18, 4)`, { type: 'DECIMAL(18,4)' }],
    [
      `local_time(changed_at, 'Europe/Berlin', 'later', 'earlier')`,
      { columns: ['changed_at'], type: 'TIMESTAMP WITH TIME ZONE' },
    ],
    [`changed_at AT TIME ZONE 'UTC'`, { type: 'TIMESTAMP WITH TIME ZONE' }],
    [`changed_at + INTERVAL 1 DAY`, { type: 'TIMESTAMP' }],
    [`changed_at + INTERVAL (id) HOUR`, { columns: ['changed_at', 'id'] }],
    [`age(changed_at, TIMESTAMP '2026-01-01')`, { columns: ['changed_at'] }],
    [`code_page(bytes, 'windows-1252')`, { columns: ['bytes'], type: 'VARCHAR' }],
    [`list_transform(tags, lambda t: t || name)`, { columns: ['tags', 'Name'], type: 'VARCHAR[]' }],
    [`list_filter(tags, t -> t <> '')`, { columns: ['tags'], type: 'VARCHAR[]' }],
    [`upper(document ->> '$.a')`, { columns: ['document'], type: 'VARCHAR' }],
    [`document -> '$.a'`, { columns: ['document'], type: 'JSON' }],
    [`nullif(split_part(name, ' ', 1), '')`, { columns: ['Name'], type: 'VARCHAR' }],
    [`try_strptime(name, '%d.%m.%Y')`, { type: 'TIMESTAMP' }],
    [`md5(name)`, { type: 'VARCHAR' }],
    [`extract(year FROM born)`, { columns: ['born'], type: 'BIGINT' }],
    [`'it''s 100% ; -- fine'`, { columns: [], type: 'VARCHAR' }],
    [`NULL`, { columns: [] }],
    [`id = 123456789012345678901234567890 OR id = 9007199254740993`, { columns: ['id'], type: 'BOOLEAN' }],
  ])('passes: %s', async (sql, expected) => {
    expect(await guard.inspect(sql, columns)).toMatchObject({ ...expected, problems: [] });
  });

  test.each([
    `first(name ORDER BY changed_at DESC, id)`,
    `string_agg(name, ', ' ORDER BY name)`,
    `list(DISTINCT name ORDER BY name)`,
    `sum(amount)`,
    `count(*) FILTER (WHERE amount > 0)`,
    `list_sort(list(name))`,
    `max(changed_at)`,
    `div(sum(amount), count(*), 2, 'half_up')`,
    `arg_max(name, changed_at ORDER BY id)`,
    `bool_or(amount > 0)`,
  ])('of a group passes: %s', async (sql) => {
    expect(await codes(sql, grouped)).toEqual([]);
  });
});

describe('a mapping is refused', () => {
  test.each([
    ['mapping.syntax', `id; DROP TABLE x`],
    ['mapping.syntax', `id; SELECT 2`],
    ['mapping.syntax', `id;`],
    ['mapping.syntax', `id, name`],
    ['mapping.syntax', `id AS key`],
    ['mapping.syntax', `id FROM read_text('/etc/passwd')`],
    ['mapping.syntax', `id ORDER BY 1`],
    ['mapping.syntax', `1) , (2`],
    ['mapping.syntax', `id -- the key`],
    ['mapping.syntax', `?`],
    ['mapping.syntax', `#1`],
    ['mapping.syntax', ``],
    ['mapping.syntax', `COPY x TO 'y'`],
    ['mapping.syntax', `name FROM x UNION SELECT 1`],
    ['mapping.subquery', `(SELECT content FROM read_text('/etc/passwd'))`],
    ['mapping.subquery', `id IN (SELECT 1)`],
    ['mapping.subquery', `EXISTS (SELECT 1)`],
    ['mapping.subquery', `coalesce(name, (SELECT 'x'))`],
    ['mapping.rows', `unnest(tags)`],
    ['mapping.rows', `read_text('/etc/passwd')`],
    ['mapping.rows', `regexp_split_to_table(name, ',')`],
    ['mapping.star', `{'a': COLUMNS(*)}`],
    ['mapping.star', `COLUMNS('a.*')`],
    ['mapping.qualified', `name.upper()`],
    ['mapping.not-repeatable', `now()`],
    ['mapping.not-repeatable', `main.now()`],
    ['mapping.not-repeatable', `current_date`],
    ['mapping.not-repeatable', `CURRENT_TIMESTAMP`],
    ['mapping.not-repeatable', `localtimestamp`],
    ['mapping.not-repeatable', `current_user`],
    ['mapping.not-repeatable', `today()`],
    ['mapping.not-repeatable', `ago(INTERVAL 1 DAY)`],
    ['mapping.not-repeatable', `age(changed_at)`],
    ['mapping.not-repeatable', `uuid()`],
    ['mapping.not-repeatable', `gen_random_uuid()`],
    ['mapping.not-repeatable', `nextval('s')`],
    ['mapping.not-repeatable', `txid_current()`],
    ['mapping.not-repeatable', `current_setting('threads')`],
    ['mapping.not-repeatable', `getvariable('x')`],
    ['mapping.not-repeatable', `version()`],
    ['mapping.not-repeatable', `hash(name)`],
    ['mapping.not-repeatable', `format_type(1, 2)`],
    ['mapping.not-repeatable', `list_transform(tags, lambda t: t || uuid())`],
    ['mapping.not-repeatable', `CASE WHEN id = 1 THEN random() END`],
    ['mapping.error-call', `CASE WHEN id < 0 THEN error('no') END`],
    ['mapping.unknown-column', `nme`],
    ['mapping.unknown-column', `other.name`],
    ['mapping.unknown-column', `list_transform(tags, lambda t: t || u)`],
    ['mapping.unknown-column', `rowid`],
    ['mapping.unknown-function', `uper(name)`],
    ['mapping.unknown-function', `getenv('HOME')`],
    ['mapping.unknown-function', `_units(amount)`],
    ['mapping.type', `name + amount`],
    ['mapping.type', `upper(tags, 1)`],
    ['mapping.raises', `local_time(changed_at, 'Mars/Base', 'later', 'later')`],
    ['mapping.raises', `local_time(changed_at, 'Europe/Berlin', 'sooner', 'later')`],
    ['mapping.raises', `code_page(bytes, 'ibm850')`],
    ['mapping.raises', `div(amount, quantity, 4, 'up')`],
    ['mapping.raises', `CAST('x' AS INTEGER)`],
    ['mapping.aggregate', `sum(amount)`],
    ['mapping.aggregate', `count(*)`],
    ['mapping.window', `row_number() OVER (ORDER BY id)`],
    ['mapping.window', `sum(amount) OVER ()`],
    ['mapping.float', `amount / quantity`],
    ['mapping.float', `CAST(amount / quantity AS DECIMAL(12, 2))`],
    ['mapping.float', `round(amount / 3, 2)::DECIMAL(12, 2)`],
    ['mapping.float', `amount // id`],
    ['mapping.float', `amount * 1e2`],
    ['mapping.float', `amount::DOUBLE::DECIMAL(12, 2)`],
    ['mapping.float', `sqrt(amount)`],
    ['mapping.float', `ratio`],
    ['mapping.cast-rounds', `amount::INTEGER`],
    ['mapping.cast-rounds', `TRY_CAST(quantity AS DECIMAL(12, 2))`],
    ['mapping.cast-rounds', `exact_decimal(name, 4)::DECIMAL(12, 2)`],
    ['mapping.cast-text', `name::DECIMAL(12, 2)`],
    ['mapping.cast-text', `name::DATE`],
    ['mapping.cast-text', `TRY_CAST(name AS INTEGER)`],
  ])('with %s: %s', async (code, sql) => {
    expect(await codes(sql)).toContain(code);
  });

  test.each([
    ['mapping.order', `first(name)`],
    ['mapping.order', `any_value(name)`],
    ['mapping.order', `list(name)`],
    ['mapping.order', `string_agg(name, ',')`],
    ['mapping.order', `string_agg(name, ',' ORDER BY 1)`],
    ['mapping.order', `arg_max(name, changed_at)`],
    ['mapping.order', `json_group_array(name)`],
    ['mapping.order', `list(DISTINCT name)`],
    ['mapping.order', `upper(last(name))`],
    ['mapping.order-ties', `first(name ORDER BY changed_at)`],
    ['mapping.order-ties', `arg_max(name, changed_at ORDER BY name)`],
    ['mapping.approximate', `mode(name)`],
    ['mapping.approximate', `approx_count_distinct(name)`],
    ['mapping.float', `avg(amount)`],
    ['mapping.float', `CAST(avg(amount) AS DECIMAL(12, 2))`],
    ['mapping.window', `rank() OVER (ORDER BY sum(amount))`],
  ])('of a group with %s: %s', async (code, sql) => {
    expect(await codes(sql, grouped)).toContain(code);
  });

  test('with every finding at once, placed, and with what was probably meant', async () => {
    const found = await guard.inspect('nmae || uuid() || first(chnged_at)', columns, {
      where: { field: 'title' },
      ...grouped,
    });
    expect(found.problems).toEqual([
      expect.objectContaining({
        code: 'mapping.unknown-column',
        what: 'There is no column nmae.',
        hint: 'Did you mean Name?',
        where: { field: 'title' },
      }),
      expect.objectContaining({ code: 'mapping.not-repeatable', severity: 'error' }),
      expect.objectContaining({ code: 'mapping.order' }),
      expect.objectContaining({ code: 'mapping.unknown-column', hint: 'Did you mean changed_at?' }),
    ]);
    expect(found.type).toBeNull();
  });
});

test('many at once are found what each is found by itself', async () => {
  const right = ['trim(name)', 'amount * quantity', 'ratio', "div(amount, quantity, 4, 'half_even')", 'tags[1]'];
  const ofGroups = ['sum(amount)', 'max(born) + 1', 'list_sort(list(name))', 'count(*)', 'first(name ORDER BY id)'];
  const wrong = [
    'amount +',
    'a, b',
    'name -- of whom',
    'no_column',
    'no_function(name)',
    'uuid()',
    '(SELECT 1)',
    'amount / 2',
    'amount + born',
    "div(amount, quantity, 4, 'sideways')",
    "local_time(changed_at, 'Nowhere', 'later', 'later')",
    'list(name)',
    'CAST(name AS DATE)',
    '',
  ];
  for (const options of [{}, grouped]) {
    for (const sqls of [[...right, ...ofGroups], right, [...right, ...ofGroups, ...wrong], []]) {
      const each: Inspection[] = [];
      for (const sql of sqls) each.push(await guard.inspect(sql, columns, options));
      const atOnce = await guard.inspectAll(
        sqls.map((sql) => ({ sql, options })),
        columns,
      );
      expect(atOnce).toEqual(each);
    }
  }
});

test('every function that DuckDB itself calls unstable is refused', async () => {
  const budget = createDuckBudget({ memoryBytes: 256 << 20, threads: 1, slots: 1 });
  const { z } = await import('zod');
  const names = await withDuckJob(budget, { purpose: 'a test', scratch }, (job) =>
    job.all(
      `SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE function_type = 'scalar' AND stability <> 'CONSISTENT' AND internal`,
      z.object({ name: z.string() }),
    ),
  );
  expect(names.length).toBeGreaterThan(20);
  for (const { name } of names) {
    const found = await codes(`${name}()`);
    expect([name, found.some((code) => code === 'mapping.not-repeatable' || code === 'mapping.error-call')]).toEqual([
      name,
      true,
    ]);
  }
});
