import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { heldRows } from '../../cli/runs.ts';
import type { PartReport, Report } from '../../model/report.ts';
import type { RunStatus } from '../../model/run.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

/** Each row has one thing about it: what stands in its columns, and what has to become of it. */
const rows: { about: string; n?: string; d?: string; doc?: string; bytes?: string; becomes: Becomes }[] = [
  { about: 'the largest number', n: '9999999999999999.99', becomes: { totalamount: '9999999999999999.99' } },
  { about: 'the smallest', n: '-0.01', becomes: { totalamount: '-0.01' } },
  { about: 'a number of 45 digits', n: '9'.repeat(45), becomes: 'number.too-large' },
  { about: 'a digit too many', n: '0.001', becomes: 'number.digits-lost' },
  { about: 'zeros too many', n: '1.50000', becomes: { totalamount: '1.50' } },
  { about: 'NaN', n: 'NaN', becomes: 'number.format' },
  { about: 'infinity', n: 'Infinity', becomes: 'number.format' },
  { about: 'minus infinity', n: '-Infinity', becomes: 'number.format' },
  { about: 'a date before Christ', d: '0044-03-15 BC', becomes: 'date.range' },
  { about: 'the first date', d: '0001-01-01', becomes: { crm_issuedon: '0001-01-01' } },
  { about: 'the last date', d: '9999-12-31', becomes: { crm_issuedon: '9999-12-31' } },
  { about: 'a date of five digits', d: '10000-01-01', becomes: 'date.range' },
  { about: 'the end of time', d: 'infinity', becomes: 'date.format' },
  { about: 'the beginning of time', d: '-infinity', becomes: 'date.format' },
  {
    about: 'text of every kind',
    doc: 'naïve 漢字 👩‍👩‍👧 e\u0301 \\N "\'',
    becomes: { subject: 'naïve 漢字 👩‍👩‍👧 e\u0301 \\N "\'' },
  },
  { about: 'a zero byte in a document', doc: 'a\u0000b', becomes: 'text.nul' },
  { about: 'half a character in a document', doc: 'a\ud800b', becomes: 'mapping.failed' },
  { about: 'a zero byte in bytes', bytes: '610062', becomes: 'text.nul' },
  { about: 'a byte of no character', bytes: '81', becomes: 'required' },
  { about: 'bytes of another code page', bytes: '80e4', becomes: { name: '€ä' } },
];
type Becomes = string | Partial<Record<'name' | 'totalamount' | 'crm_issuedon' | 'subject', string>>;

const table = `"Sales ""2024"" Übersicht"."Order Lines"`;
const named = `it's "größe"`;

const builders = fileURLToPath(new URL('../../model/builders.ts', import.meta.url));
const header = `import { blueprint, collection, date, decimal, entity, sql, table, text } from ${JSON.stringify(builders)};`;
const strange = `${header}
const lines = entity('lines', {
  from: table(${JSON.stringify(table)}, { key: ['select', ${JSON.stringify(named)}] }),
  to: collection('accounts', { id: 'accountid', legacyKey: 'crm_legacyid', shape: { name: text(160) } }),
  legacyKey: sql\`"select" || '/' || "it's ""größe"""\`,
  fields: { name: sql\`"from" || '!'\` },
});
const nothing = entity('nothing', {
  from: table('odd.nothing', { key: ['id'] }),
  to: collection('crm_settings', { id: 'crm_settingid', legacyKey: 'crm_name', shape: { crm_value: text(1000) } }),
  legacyKey: sql\`'N' || id\`,
  fields: { crm_value: sql\`v\` },
});
const single = entity('single', {
  from: table('odd.single', { key: ['id'] }),
  to: collection('contacts', { id: 'contactid', legacyKey: 'crm_legacyid', shape: { lastname: text(50) } }),
  legacyKey: sql\`'S' || id\`,
  fields: { lastname: sql\`v\` },
});
const values = entity('values', {
  from: table('odd.value', { key: ['id'] }),
  to: collection('invoices', { id: 'invoiceid', legacyKey: 'crm_legacyid', shape: {
    name: text(300), totalamount: decimal(18, 2).nullable(), crm_issuedon: date().nullable() } }),
  legacyKey: sql\`'V' || id\`,
  fields: {
    name: sql\`CASE WHEN bytes IS NOT NULL THEN code_page(bytes, 'windows-1252') ELSE '-' END\`,
    totalamount: sql\`n\`,
    crm_issuedon: sql\`d\`,
  },
  rejectLimit: 1,
});
const documents = entity('documents', {
  from: table('odd.document', { key: ['id'] }),
  to: collection('annotations', { id: 'annotationid', legacyKey: 'crm_legacyid', shape: { subject: text(500) } }),
  legacyKey: sql\`'V' || id\`,
  fields: { subject: sql\`json_extract_string(doc, '$.v')\` },
  rejectLimit: 1,
});
export default blueprint('strange', { entities: [lines, nothing, single, values, documents] });`;

const loose = (object: string): string => `${header}
export default blueprint('loose', { entities: [entity('loose', {
  from: table('${object}', { key: ['id'] }),
  to: collection('annotations', { id: 'annotationid', legacyKey: 'crm_legacyid', shape: { subject: text(500) } }),
  legacyKey: sql\`'L' || id\`,
  fields: { subject: sql\`v\` },
})] });`;

let landing: Landing;
let worker: RunningWorker;
let run: string;
let report: Report;

async function started(blueprint: string): Promise<string> {
  const file = join(landing.loaded.folder, `${crypto.randomUUID()}.ts`);
  await writeFile(file, blueprint);
  const { crm } = landing.loaded.config.migrations;
  if (crm) crm.blueprint = file;
  return landing.start({ mode: 'rehearsal' });
}

const part = (name: string): PartReport['accounting'] | undefined =>
  report.parts.find((one) => one.part === name)?.accounting;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({ temporal: inject('temporalAddress'), size: 50 });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
  await landing.legacy(`
    CREATE SCHEMA odd; CREATE SCHEMA "Sales ""2024"" Übersicht";
    CREATE TABLE ${table} ("select" integer, "it's ""größe""" text, "from" text, PRIMARY KEY ("select", "it's ""größe"""));
    INSERT INTO ${table} SELECT i, 'o''k"' || i, 'x' || i FROM generate_series(1, 7) i;
    CREATE TABLE odd.nothing (id integer PRIMARY KEY, v text);
    CREATE TABLE odd.single (id integer PRIMARY KEY, v text);
    INSERT INTO odd.single VALUES (1, 'only');
    CREATE TABLE odd.value (id integer PRIMARY KEY, n numeric, d date, bytes bytea);
    CREATE TABLE odd.document (id integer PRIMARY KEY, doc json);
    CREATE TABLE odd.empty_key (id integer, v text);
    INSERT INTO odd.empty_key VALUES (1, 'a'), (NULL, 'b'), (NULL, 'c');
    CREATE TABLE odd.same_key (id integer, v text);
    INSERT INTO odd.same_key VALUES (1, 'a'), (1, 'b');
    GRANT USAGE ON SCHEMA odd, "Sales ""2024"" Übersicht" TO landfall_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA odd, "Sales ""2024"" Übersicht" TO landfall_reader`);
  const quoted = (value: string | undefined): string =>
    value === undefined ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
  for (const [id, { n, d, doc, bytes }] of rows.entries()) {
    await landing.legacy(
      doc === undefined
        ? `INSERT INTO odd.value VALUES (${id}, ${quoted(n)}, ${quoted(d)}, decode(${quoted(bytes)}, 'hex'))`
        : `INSERT INTO odd.document VALUES (${id}, ${quoted(JSON.stringify({ v: doc }))})`,
    );
  }
  run = await started(strange);
  await landing.until(run, (now) => now.phase === 'sign-off');
  report = await landing.report(run);
}, 240_000);

afterAll(async () => {
  await worker.stop();
  await landing.close();
});

describe('strange rows cross as they are, or are held back with the rule they break', () => {
  test('the whole is whole: nothing differs and nothing was rounded', () => {
    expect([report.verdict, ...report.reasons]).toEqual(['whole']);
    for (const name of ['values', 'documents'] as const) {
      const own = rows.filter((one) => (one.doc !== undefined) === (name === 'documents'));
      const held = own.filter((one) => typeof one.becomes === 'string').length;
      expect(part(name)).toMatchObject({ extracted: own.length, rejected: held, created: own.length - held });
    }
  });

  test('each value arrives exactly, or its row says why it did not', async () => {
    const arrived = await landing.target<{ key: string } & Record<string, string | null>>(
      `SELECT crm_legacyid AS key, name, totalamount::text, crm_issuedon::text, NULL AS subject FROM invoices
       UNION ALL SELECT crm_legacyid, NULL, NULL, NULL, subject FROM annotations`,
    );
    const held = await heldRows(landing.loaded, run, { reveal: true });
    const became = rows.map(({ about }, id) => {
      const { key: _key, ...found } = arrived.find((one) => one.key === `V${id}`) ?? { key: null };
      const rules = held.filter((one) => one.key === String(id)).map((one) => one.rule);
      return { about, arrived: found, rules };
    });
    const expected = rows.map(({ about, doc, becomes }) => {
      const there = { name: doc === undefined ? '-' : null, totalamount: null, crm_issuedon: null, subject: null };
      return typeof becomes === 'string'
        ? { about, arrived: {}, rules: [becomes] }
        : { about, arrived: { ...there, ...becomes }, rules: [] };
    });
    expect(became).toEqual(expected);
  });

  test('tables and columns whose names have to be quoted are read whole', async () => {
    expect(part('lines')).toMatchObject({ extracted: 7, created: 7 });
    expect(await landing.target('SELECT crm_legacyid, name FROM accounts ORDER BY 1 LIMIT 1')).toEqual([
      { crm_legacyid: `1/o'k"1`, name: 'x1!' },
    ]);
  });

  test('an empty table is nothing to move, and a table of one row is one', async () => {
    expect(part('nothing')).toMatchObject({ extracted: 0, ready: 0, created: 0 });
    expect(part('single')).toMatchObject({ extracted: 1, created: 1 });
    expect(await landing.target('SELECT lastname FROM contacts')).toEqual([{ lastname: 'only' }]);
  });
});

test.each([
  ['is empty', 'odd.empty_key', 'source.null-key', '2 rows'],
  ['is there twice', 'odd.same_key', 'source.duplicate-key', '1 key values'],
])('a key that %s stops the run, with its table and its column', async (_, object, code, what) => {
  const other = await started(loose(object));
  const now: RunStatus = await landing
    .until(other, (one) => one.phase === 'aborted')
    .catch(() => landing.status(other));
  expect(now.failure).toMatchObject({
    code,
    what: expect.stringContaining(what),
    where: { object, key: 'id' },
    hint: expect.stringMatching(/\w{4}/),
  });
});
