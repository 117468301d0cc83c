import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Target } from '../../../connectors/port.ts';
import type { LandfallError } from '../../../model/errors.ts';
import { Bench } from '../../conformance/target-bench.ts';
import { postgresTargetHarness, type PostgresTargetHarness } from '../../conformance/target-postgres.ts';

const { call } = new Bench();
let harness: PostgresTargetHarness;
const opened: Target[] = [];

beforeAll(async () => {
  harness = await postgresTargetHarness();
  await harness.admin.query(`CREATE TABLE drawn (id serial PRIMARY KEY, legacy_id text UNIQUE, a text, b text);
    CREATE SCHEMA hidden; CREATE TABLE hidden.there (id serial PRIMARY KEY, legacy_id text UNIQUE)`);
});

afterAll(async () => {
  for (const target of opened) await target.close();
  await harness.stop();
});

/** A target as the loader sees it, with other settings. */
async function as(over: { user?: string; liveMark?: string }): Promise<Target> {
  const { liveMark, ...rest } = over;
  const one = await harness.openWith({ ...rest, ...(liveMark === undefined ? {} : { target: { liveMark } }) });
  opened.push(one);
  return one;
}

/** What is found, with the statement that mends it. */
async function found(target: Target, object: string): Promise<[string, string][]> {
  return ((await target.checkPrivileges?.([object])) ?? []).map((one) => [
    one.severity === 'error' ? one.code : `${one.code}?`,
    one.hint,
  ]);
}

test('an account that may do what writing needs, and no more, has nothing to mend', async () => {
  const target = await as({});
  for (const object of ['plain', '"Sales"."Invoice"', 'visit']) expect(await found(target, object)).toEqual([]);
});

test('every right that is missing is told, with the statement that grants it, until none is', async () => {
  const target = await as({});
  const missing = await found(target, 'drawn');
  expect(missing).toEqual([
    ['target.privilege', 'GRANT SELECT ON "public"."drawn" TO loader;'],
    ['target.privilege', 'GRANT INSERT ON "public"."drawn" TO loader;'],
    ['target.privilege', 'GRANT UPDATE ON "public"."drawn" TO loader;'],
    ['target.privilege', 'GRANT USAGE ON SEQUENCE drawn_id_seq TO loader;'],
  ]);
  for (const [, grant] of missing) await harness.admin.query(grant);
  expect(await found(target, 'drawn')).toEqual([]);
  expect((await found(target, 'hidden.there'))[0]?.[1]).toBe('GRANT USAGE ON SCHEMA "hidden" TO loader;');
});

test('a right on some columns, one that is not needed, and rows that may be hidden are told', async () => {
  await harness.admin.query(`REVOKE UPDATE ON drawn FROM loader; GRANT UPDATE (a) ON drawn TO loader;
    GRANT DELETE ON drawn TO loader; ALTER TABLE drawn ENABLE ROW LEVEL SECURITY`);
  const codes = (await found(await as({}), 'drawn')).map(([code]) => code);
  expect(codes).toEqual(['target.privilege?', 'target.excess-privilege?', 'target.row-security']);
});

test('a superuser is too much', async () => {
  expect((await found(await as({ user: 'postgres' }), 'plain')).map(([code]) => code)).toEqual([
    'target.excess-privilege?',
  ]);
});

test('an account that may not make temporary tables is told so', async () => {
  await harness.admin.query('REVOKE TEMPORARY ON DATABASE cloud FROM PUBLIC');
  const target = await as({});
  expect((await found(target, 'plain')).map(([code]) => code)).toEqual(['target.privilege']);
  await harness.admin.query('GRANT TEMPORARY ON DATABASE cloud TO PUBLIC');
});

test('the mark of the system of record goes into a table that is made, or that an administrator makes as told', async () => {
  const by = { run: 'run-1', report: 'a'.repeat(64) };
  const forbidden = await as({ liveMark: 'hidden.mark' });
  expect((await found(forbidden, 'plain')).map(([code]) => code)).toEqual(['target.live-mark?']);
  const error = await forbidden.markLive?.(by, call).then(
    () => null,
    (failure: unknown) => failure,
  );
  expect(error).toMatchObject({ code: 'target.live-mark', kind: 'permanent' });
  const [, definition = ''] = /run: (CREATE TABLE .*); and grant/.exec((error as LandfallError).hint) ?? [];
  await harness.admin.query(
    `GRANT USAGE ON SCHEMA hidden TO loader; ${definition}; GRANT SELECT, INSERT, UPDATE ON hidden.mark TO loader`,
  );
  await harness.admin.query('CREATE SCHEMA own; GRANT USAGE, CREATE ON SCHEMA own TO loader');
  for (const table of ['hidden.mark', 'own.mark']) {
    const target = await as({ liveMark: table });
    await target.markLive?.(by, call);
    await target.markLive?.(by, call);
    const { rows } = await harness.admin.query(`SELECT run, report FROM ${table}`);
    expect(rows).toEqual([by]);
  }
});
