import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { application, reader } from '../../sandbox/legacy-crm/index.ts';
import { tables, type LegacyTable } from '../../sandbox/legacy-crm/schema.ts';
import { figure, legacyBench } from './legacy-crm-bench.ts';

const { create, connect } = legacyBench();

const denied = '42501';
const frozen = '25006 the CRM is read only since the cut-over';

/** What became of each statement: done, or the error's code, with its message where that is the CRM's own. */
async function outcomes(client: pg.Client, statements: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const sql of statements) {
    found[sql] = await client.query(sql).then(
      () => 'done',
      ({ code, message }: pg.DatabaseError) => (code === denied ? denied : `${code} ${message}`),
    );
  }
  return found;
}
const each = (statements: readonly string[], outcome: string): Record<string, string> =>
  Object.fromEntries(statements.map((sql) => [sql, outcome]));

/** One write of each kind for each table; the row that is inserted breaks no other rule. */
const inserts: Record<LegacyTable, string> = {
  organisation: `(org_id, name) VALUES (1, 'New')`,
  contact: `(contact_id, opt_out_email, opt_out_post, created_at, modified_at)
    VALUES ('00000000-0000-4000-8000-000000000001', false, false, now(), now())`,
  membership: `(org_id, seq, class, valid_from, status) VALUES (1, 1, '1', '2020-01-01', 'active')`,
  invoice: `VALUES ('INV-2025-999999', 1, '2025-01-01', 'CHF', 1, 'open')`,
  invoice_line: `VALUES ('INV-2025-999999', 1, 'x', 1, 1, 1, '7000')`,
  activity: `(activity_id, kind, regarding_type, happened_at, owner_login) VALUES (1, 'call', 'O', now(), 'user1')`,
  note: `(note_id, regarding_type, regarding_id, created_at) VALUES (1, 'O', '1', now())`,
};
const columns: Record<LegacyTable, string> = {
  organisation: 'name',
  contact: 'phone',
  membership: 'status',
  invoice: 'status',
  invoice_line: 'description',
  activity: 'subject',
  note: 'title',
};
const writes = tables.flatMap((table) => [
  `INSERT INTO crm.${table} ${inserts[table]}`,
  `UPDATE crm.${table} SET ${columns[table]} = ${columns[table]}`,
  `DELETE FROM crm.${table}`,
]);
const truncates = tables.map((table) => `TRUNCATE crm.${table}`);

describe('rights in the legacy CRM', () => {
  let url: string;
  beforeAll(async () => {
    ({ url } = await create({ seed: 9, size: 500 }));
  });

  it('let the reader read every table of business data, and nothing else', async () => {
    const client = await connect(url, reader);
    const asked = tables.map((table) => `SELECT * FROM crm.${table}`);
    expect(await outcomes(client, asked)).toEqual(each(asked, 'done'));
    const others = ['SELECT * FROM crm.system_state', 'SELECT * FROM pg_authid'];
    expect(await outcomes(client, others)).toEqual(each(others, denied));
  });

  it('let the reader write nothing, make nothing and become nobody', async () => {
    const client = await connect(url, reader);
    const tried = [
      ...writes,
      ...truncates,
      'UPDATE crm.system_state SET read_only = true',
      'CREATE TABLE crm.mine (n integer)',
      'CREATE TABLE public.mine (n integer)',
      'ALTER TABLE crm.contact DISABLE TRIGGER ALL',
      'SET ROLE crm_app',
      `SELECT pg_read_file('/etc/hostname')`,
      `COPY crm.contact TO '/tmp/anything'`,
    ];
    expect(await outcomes(client, tried)).toEqual(each(tried, denied));
    const { rows } = await client.query(
      `SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user`,
    );
    expect(Object.values(rows[0] as object)).toEqual([false, false, false, false, false]);
  });

  it('let the application write, but neither empty a table nor decide over the cut-over', async () => {
    const client = await connect(url, application);
    await client.query('BEGIN');
    expect(await outcomes(client, writes)).toEqual(each(writes, 'done'));
    await client.query('ROLLBACK');
    const tried = [
      ...truncates,
      'SELECT crm.set_read_only(false)',
      'SELECT crm.writes_are_refused()',
      'UPDATE crm.system_state SET read_only = false',
      'ALTER TABLE crm.contact DISABLE TRIGGER ALL',
    ];
    expect(await outcomes(client, tried)).toEqual(each(tried, denied));
  });
});

describe('a legacy CRM that is made read only', () => {
  let url: string;
  let app: pg.Client;
  let cutOver: pg.Client;
  beforeAll(async () => {
    ({ url } = await create({ seed: 11, size: 500 }));
  });
  beforeEach(async () => {
    app = await connect(url, application);
    cutOver = await connect(url, reader);
    await cutOver.query('SELECT crm.set_read_only(false)');
  });

  it('refuses every write of the application, and lets it read', async () => {
    await cutOver.query('SELECT crm.set_read_only(true)');
    expect(await outcomes(app, writes)).toEqual(each(writes, frozen));
    expect(await figure(app, 'crm.contact')).toBeGreaterThan(0);
  });

  it('refuses its owner too, who may empty tables', async () => {
    const owner = await connect(url);
    await cutOver.query('SELECT crm.set_read_only(true)');
    const tried = [...writes, ...truncates];
    expect(await outcomes(owner, tried)).toEqual(each(tried, frozen));
  });

  it('is written to again when the cut-over is called off', async () => {
    await cutOver.query('SELECT crm.set_read_only(true)');
    await cutOver.query('SELECT crm.set_read_only(false)');
    await app.query('BEGIN');
    expect(await outcomes(app, writes)).toEqual(each(writes, 'done'));
    await app.query('ROLLBACK');
  });

  it('waits for work that had begun, so that nothing arrives afterwards', async () => {
    await app.query('BEGIN');
    await app.query(`UPDATE crm.organisation SET name = 'Renamed in time' WHERE org_id = 1000`);
    let switched = false;
    const freezing = cutOver.query('SELECT crm.set_read_only(true)').then(() => (switched = true));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(switched).toBe(false);
    await app.query(`UPDATE crm.organisation SET name = 'Renamed at last' WHERE org_id = 1003`);
    await app.query('COMMIT');
    await freezing;
    expect(await figure(cutOver, `crm.organisation WHERE name LIKE 'Renamed %'`)).toBe(2);
  });

  it('refuses work that had begun in a snapshot from before', async () => {
    await app.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await figure(app, 'crm.contact');
    await cutOver.query('SELECT crm.set_read_only(true)');
    await expect(app.query('UPDATE crm.contact SET phone = NULL')).rejects.toMatchObject({ code: '40001' });
    await app.query('ROLLBACK');
  });

  it('proves it by trying to write, and changes nothing by that', async () => {
    const state = async (): Promise<unknown> =>
      (
        await cutOver.query(
          'SELECT md5(string_agg(ctid::text || o::text, chr(10) ORDER BY org_id)) FROM crm.organisation AS o',
        )
      ).rows;
    const before = await state();
    expect((await cutOver.query('SELECT crm.writes_are_refused() AS proven')).rows).toEqual([{ proven: false }]);
    await cutOver.query('SELECT crm.set_read_only(true)');
    expect((await cutOver.query('SELECT crm.writes_are_refused() AS proven')).rows).toEqual([{ proven: true }]);
    expect(await state()).toEqual(before);
  });

  it('does not take a read-only connection for the proof', async () => {
    await cutOver.query('SET default_transaction_read_only = on');
    await expect(cutOver.query('SELECT crm.writes_are_refused()')).rejects.toThrow('try it outside of one');
  });
});
