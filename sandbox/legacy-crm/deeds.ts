import type pg from 'pg';
import type { Random } from './random.ts';
import { sentences } from './words.ts';

/** Rows that a transaction changed. */
export interface Changed {
  inserted: number;
  updated: number;
  deleted: number;
}

/** Somebody at work: a connection within a transaction, and numbers that nobody else gives out. */
export interface Desk {
  client: pg.ClientBase;
  random: Random;
  /** A number above all that were there when work began. */
  number(of: 'activity' | 'invoice'): number;
}

type Deed = (desk: Desk) => Promise<Changed>;

const nothing: Changed = { inserted: 0, updated: 0, deleted: 0 };

/** The row at or after a place in key order, else the first; null in an empty table. */
async function near(desk: Desk, table: string, key: string, place: string): Promise<string | null> {
  for (const where of [`WHERE ${key} >= $1`, `WHERE $1::text IS NOT NULL`]) {
    const { rows } = await desk.client.query<{ key: string }>(
      `SELECT ${key}::text AS key FROM crm.${table} ${where} ORDER BY ${table}.${key} LIMIT 1`,
      [place],
    );
    if (rows[0]) return rows[0].key;
  }
  return null;
}

const anyContact = (desk: Desk): Promise<string | null> => near(desk, 'contact', 'contact_id', desk.random.uuid());

/** Somewhere between the least and the greatest key. */
async function anyOf(desk: Desk, table: 'organisation' | 'activity', key: string): Promise<string | null> {
  const { rows } = await desk.client.query<{ low: string | null; high: string | null }>(
    `SELECT min(${key})::text AS low, max(${key})::text AS high FROM crm.${table}`,
  );
  const { low = null, high = null } = rows[0] ?? {};
  if (low === null || high === null) return null;
  return near(desk, table, key, String(desk.random.int(Number(low), Number(high))));
}

async function anyInvoice(desk: Desk): Promise<string | null> {
  const serial = String(desk.random.int(0, 9999)).padStart(6, '0');
  const found = await near(desk, 'invoice', 'invoice_no', `INV-${desk.random.int(2010, 2026)}-${serial}`);
  if (found === null) return null;
  // Whoever else is at this invoice goes first; it may be gone then.
  const { rowCount } = await desk.client.query('SELECT 1 FROM crm.invoice WHERE invoice_no = $1 FOR UPDATE', [found]);
  return rowCount === 1 ? found : null;
}

const logActivity: Deed = async (desk) => {
  const { client, random } = desk;
  const about = random.chance(0.5) ? 'O' : 'C';
  const whom = about === 'O' ? await anyOf(desk, 'organisation', 'org_id') : await anyContact(desk);
  const id = desk.number('activity');
  const text = random.pick(sentences);
  await client.query(
    `INSERT INTO crm.activity VALUES ($1, $2, $3, $4, $5, $6, now() AT TIME ZONE 'Europe/Zurich', $7, $8)`,
    [
      id,
      random.pick(['call', 'mail', 'meeting']),
      about,
      whom,
      `${text.slice(0, 40)} #${id}`,
      text,
      random.int(1, 240),
      `user${random.int(1, 60)}`,
    ],
  );
  return { ...nothing, inserted: 1 };
};

const correctContact: Deed = async (desk) => {
  const { client, random } = desk;
  const phone = `+41 22 ${random.int(100, 999)} ${random.int(10, 99)}`;
  const { rowCount } = await client.query(
    `UPDATE crm.contact SET phone = $2, opt_out_email = $3, modified_at = now() WHERE contact_id = $1`,
    [await anyContact(desk), phone, random.chance(0.2)],
  );
  return { ...nothing, updated: rowCount ?? 0 };
};

/** Adds a line and gives its amount, in cents. */
async function addLine(desk: Desk, invoice: string, line: number): Promise<number> {
  const { client, random } = desk;
  const quantity = random.int(1, 12);
  const cents = random.int(100, 500_000);
  await client.query(`INSERT INTO crm.invoice_line VALUES ($1, $2, $3, $4, $5::numeric / 100, $6::numeric / 100, $7)`, [
    invoice,
    line,
    'Contribution, later work',
    quantity,
    cents,
    quantity * cents,
    `7${random.int(100, 999)}`,
  ]);
  return quantity * cents;
}

const issueInvoice: Deed = async (desk) => {
  const { client, random } = desk;
  const invoice = `INV-2026-${String(desk.number('invoice')).padStart(6, '0')}`;
  const lines = random.int(1, 4);
  let cents = 0;
  for (let line = 1; line <= lines; line += 1) cents += await addLine(desk, invoice, line);
  await client.query(`INSERT INTO crm.invoice VALUES ($1, $2, CURRENT_DATE, $3, $4::numeric / 100, 'open')`, [
    invoice,
    await anyOf(desk, 'organisation', 'org_id'),
    random.pick(['CHF', 'EUR', 'USD']),
    cents,
  ]);
  return { ...nothing, inserted: lines + 1 };
};

const amendInvoice: Deed = async (desk) => {
  const { client } = desk;
  const invoice = await anyInvoice(desk);
  if (invoice === null) return nothing;
  const { rows } = await client.query<{ next: number }>(
    'SELECT coalesce(max(line_no), 0) + 1 AS next FROM crm.invoice_line WHERE invoice_no = $1',
    [invoice],
  );
  const cents = await addLine(desk, invoice, rows[0]?.next ?? 1);
  await client.query('UPDATE crm.invoice SET total = total + $2::numeric / 100 WHERE invoice_no = $1', [
    invoice,
    cents,
  ]);
  return { inserted: 1, updated: 1, deleted: 0 };
};

/** An invoice with its lines; one that does not add up, or that was planted in another way, stays. */
const withdrawInvoice: Deed = async (desk) => {
  const { client } = desk;
  const invoice = await anyInvoice(desk);
  const sound = await client.query(
    `SELECT 1 FROM crm.invoice JOIN crm.invoice_line USING (invoice_no) WHERE invoice_no = $1
      GROUP BY invoice_no, total HAVING total = sum(amount) AND max(length(description)) <= 500`,
    [invoice],
  );
  if (sound.rowCount !== 1) return nothing;
  const lines = await client.query('DELETE FROM crm.invoice_line WHERE invoice_no = $1', [invoice]);
  await client.query('DELETE FROM crm.invoice WHERE invoice_no = $1', [invoice]);
  return { ...nothing, deleted: 1 + (lines.rowCount ?? 0) };
};

/** An activity, unless it may have been planted: about nobody, with control characters, or between two and three. */
const dropActivity: Deed = async (desk) => {
  const { rowCount } = await desk.client.query(
    String.raw`DELETE FROM crm.activity WHERE activity_id = $1 AND extract(hour FROM happened_at) <> 2
      AND body !~ '[\x01-\x08\x0b\x0c\x0e-\x1f]'
      AND regarding_id NOT IN ('999999999', '00000000-0000-4000-a000-000000000000')`,
    [await anyOf(desk, 'activity', 'activity_id')],
  );
  return { ...nothing, deleted: rowCount ?? 0 };
};

/** One member takes over a sixteenth of a unit from another. */
const moveUnits: Deed = async (desk) => {
  const pair = [await anyOf(desk, 'organisation', 'org_id'), await anyOf(desk, 'organisation', 'org_id')];
  // In key order, so that two people do not wait for each other.
  const { rows } = await desk.client.query<{ org_id: number; contributory_units: string }>(
    'SELECT org_id, contributory_units FROM crm.organisation WHERE org_id = ANY ($1) ORDER BY org_id FOR UPDATE',
    [pair],
  );
  const [giver, taker] = rows;
  if (!giver || !taker || Number(giver.contributory_units) < 0.0625) return nothing;
  for (const [org, units] of [
    [giver.org_id, '-0.0625'],
    [taker.org_id, '0.0625'],
  ]) {
    await desk.client.query(
      `UPDATE crm.organisation SET contributory_units = contributory_units + $2::numeric,
        updated_at = now() AT TIME ZONE 'Europe/Zurich' WHERE org_id = $1`,
      [org, units],
    );
  }
  return { ...nothing, updated: 2 };
};

/** What people do, and how often out of a hundred times. */
const deeds: readonly (readonly [often: number, deed: Deed])[] = [
  [40, logActivity],
  [20, correctContact],
  [12, issueInvoice],
  [6, amendInvoice],
  [4, withdrawInvoice],
  [8, dropActivity],
  [10, moveUnits],
];

export function pickDeed(random: Random): Deed {
  let left = random.int(1, 100);
  for (const [often, deed] of deeds) {
    left -= often;
    if (left <= 0) return deed;
  }
  return logActivity;
}
