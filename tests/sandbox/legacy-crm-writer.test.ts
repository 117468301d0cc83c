import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { reader, type LegacyFacts } from '../../sandbox/legacy-crm/index.ts';
import { tables } from '../../sandbox/legacy-crm/schema.ts';
import { startWork, type Work, type WorkOptions } from '../../sandbox/legacy-crm/writer.ts';
import { figure, legacyBench } from './legacy-crm-bench.ts';
import { planted } from './legacy-crm-dirt.ts';

const { create, connect } = legacyBench();
let url: string;
let facts: LegacyFacts;
let client: pg.Client;
beforeEach(async () => {
  ({ url, facts } = await create({ seed: 1, size: 2_000 }));
  client = await connect(url);
});

const begun: Work[] = [];
afterEach(async () => {
  await Promise.allSettled(begun.splice(0).map((work) => work.stop()));
});
async function start(options: Omit<WorkOptions, 'url' | 'seed'>, at = url): Promise<Work> {
  const work = await startWork({ url: at, seed: 4, ...options });
  begun.push(work);
  return work;
}

async function one<T extends object>(of: pg.Client, sql: string): Promise<T> {
  const { rows } = await of.query<T>(sql);
  return rows[0] as T;
}

/** Everything in the tables but for the moments at which it was written. */
async function content(of: pg.Client): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const table of tables) {
    const { digest } = await one<{ digest: string }>(
      of,
      `SELECT md5(string_agg((to_jsonb(t) - '{updated_at,modified_at,happened_at,issued_on}'::text[])::text, ',' ORDER BY t::text))
        AS digest FROM (SELECT * FROM crm.${table}) AS t`,
    );
    found[table] = digest;
  }
  return found;
}

it('begins no more transactions than it may, however many people work', async () => {
  const started = performance.now();
  const work = await start({ perSecond: 40, people: 5 });
  await sleep(1_000);
  const { committed } = await work.stop();
  const allowed = 1 + ((performance.now() - started) / 1000) * 40;
  expect(committed).toBeLessThanOrEqual(allowed);
  expect(committed).toBeGreaterThan(allowed / 2);
});

it('does not make up for time in which it could not work', async () => {
  const work = await start({ perSecond: 40, people: 2 });
  const blocker = await connect(url);
  await blocker.query(`BEGIN; LOCK TABLE ${tables.map((table) => `crm.${table}`).join(', ')}`);
  await sleep(1_000);
  const before = work.done().committed;
  const freed = performance.now();
  await blocker.query('ROLLBACK');
  await expect.poll(() => work.done().committed - before).toBeGreaterThan(10);
  // What a person has waited for, and what the time since allows.
  expect(work.done().committed - before).toBeLessThanOrEqual(2 + 1 + ((performance.now() - freed) / 1000) * 40);
});

it('says how many rows it inserted, updated and deleted, as the server counted them', async () => {
  const counted = `SELECT sum(n_tup_ins)::int AS inserted, sum(n_tup_upd)::int AS updated, sum(n_tup_del)::int AS deleted
    FROM pg_stat_user_tables WHERE schemaname = 'crm' AND relname <> 'system_state'`;
  const before = await one<Record<string, number>>(client, counted);
  const work = await start({ perSecond: 1_000, turns: 300 });
  const { inserted, updated, deleted, ...transactions } = await work.ended;
  expect(transactions).toEqual({ committed: 300, refused: 0, conflicts: 0 });
  expect(Math.min(inserted, updated, deleted)).toBeGreaterThan(20);
  await expect
    .poll(() => one<Record<string, number>>(client, counted))
    .toEqual({
      inserted: Number(before['inserted']) + inserted,
      updated: Number(before['updated']) + updated,
      deleted: Number(before['deleted']) + deleted,
    });
});

it('does the same work on the same data from the same seed', async () => {
  const other = await create({ seed: 1, size: 2_000 });
  const otherClient = await connect(other.url);
  const untouched = await content(client);
  expect(await content(otherClient)).toEqual(untouched);
  await (
    await start({ perSecond: 1_000, people: 1, turns: 200 })
  ).ended;
  await (
    await start({ perSecond: 500, people: 1, turns: 200 }, other.url)
  ).ended;
  const worked = await content(client);
  expect(await content(otherClient)).toEqual(worked);
  expect(tables.filter((table) => worked[table] !== untouched[table])).toEqual([
    'organisation',
    'contact',
    'invoice',
    'invoice_line',
    'activity',
  ]);
});

it('keeps in every transaction the units of all members, and each invoice at its distance from its lines', async () => {
  const kept = `SELECT (SELECT sum(contributory_units) FROM crm.organisation) AS units,
    (SELECT string_agg(invoice_no || ' ' || (total - amount), ',' ORDER BY invoice_no) FROM crm.invoice
      LEFT JOIN (SELECT invoice_no, sum(amount) AS amount FROM crm.invoice_line GROUP BY 1) AS lines USING (invoice_no)
      WHERE total IS DISTINCT FROM amount) AS off`;
  const before = await one(client, kept);
  const work = await start({ perSecond: 1_000, people: 4 });
  for (let look = 0; look < 100; look += 1) expect(await one(client, kept)).toEqual(before);
  const { committed, updated } = await work.stop();
  expect(Math.min(committed, updated)).toBeGreaterThan(20);
});

it('leaves what was planted as it was counted', async () => {
  const { deleted } = await (await start({ perSecond: 2_000, turns: 2_000 })).ended;
  expect(deleted).toBeGreaterThan(200);
  expect(await planted(client)).toEqual(facts.planted);
});

it('is refused while the CRM is read only, changes nothing then, and goes on afterwards', async () => {
  const cutOver = await connect(url, reader);
  const work = await start({ perSecond: 200, people: 4 });
  await expect.poll(() => work.done().committed).toBeGreaterThan(20);
  await cutOver.query('SELECT crm.set_read_only(true)');
  const frozen = await content(client);
  const refused = work.done().refused;
  await expect.poll(() => work.done().refused - refused).toBeGreaterThan(20);
  expect(await content(client)).toEqual(frozen);
  await cutOver.query('SELECT crm.set_read_only(false)');
  const committed = work.done().committed;
  await expect.poll(() => work.done().committed - committed).toBeGreaterThan(20);
});

it('works as the application, and leaves no connection behind', async () => {
  const desks = `pg_stat_activity WHERE application_name = 'legacy crm desk' AND usename = 'crm_app'`;
  const work = await start({ perSecond: 10, people: 3 });
  expect(await figure(client, desks)).toBe(3);
  await work.stop();
  await expect.poll(() => figure(client, desks)).toBe(0);
});

it.each([
  ['at work', 100],
  ['waiting for a turn', 2],
])('says what broke it off: people %s', async (_, perSecond) => {
  const work = await start({ perSecond });
  await expect.poll(() => work.done().committed).toBeGreaterThan(0);
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'legacy crm desk'`,
  );
  await expect(work.ended).rejects.toMatchObject({
    code: 'sandbox.legacy-crm-work',
    what: expect.stringMatching(/\(57P01\): terminating connection/),
  });
  await expect(work.stop()).rejects.toMatchObject({ code: 'sandbox.legacy-crm-work' });
});

it('says so when there is nothing to work in', async () => {
  const empty = new URL(url);
  empty.pathname = 'postgres';
  await expect(start({ perSecond: 1 }, empty.href)).rejects.toMatchObject({ code: 'sandbox.legacy-crm-work' });
  await expect(start({ perSecond: 0 })).rejects.toMatchObject({ code: 'sandbox.legacy-crm-work' });
});
