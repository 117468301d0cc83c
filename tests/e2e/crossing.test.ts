import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { PartReport, Report } from '../../model/report.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { expectations, makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: RunningWorker;
let run: string;
let report: Report;

const part = (name: string): PartReport => {
  const found = report.parts.find((one) => one.part === name);
  if (!found) throw new Error(`no part ${name}`);
  return found;
};
const rule = (name: string, which: string): number =>
  [...part(name).rejected, ...part(name).blocked, ...part(name).leftBehind, ...part(name).dropped]
    .filter((one) => one.rule === which)
    .reduce((sum, one) => sum + one.rows, 0);

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    size: 2_400,
    largeAttachments: 1,
    options: { chunkRows: 200 },
  });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
  run = await landing.start();
  await landing.until(run, (now) => now.phase === 'sign-off');
  report = await landing.report(run);
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
});

describe('a CRM that crosses from PostgreSQL into a cloud CRM', () => {
  test('arrives whole: nothing differs, nothing is missing, nothing is there twice', () => {
    expect([report.verdict, ...report.reasons]).toEqual(['whole']);
    for (const one of report.parts) {
      expect
        .soft({
          part: one.part,
          differing: one.differing,
          missing: one.missing,
          unexpected: one.unexpected,
          duplicates: one.duplicates,
        })
        .toEqual({
          part: one.part,
          differing: 0,
          missing: 0,
          unexpected: 0,
          duplicates: 0,
        });
    }
  });

  test('accounts for every row of the source', () => {
    const { rows } = landing.facts;
    for (const name of ['organisation', 'membership', 'invoice', 'invoice_line', 'activity', 'note'] as const) {
      const { accounting } = part(name);
      expect.soft(accounting.extracted, name).toBe(rows[name]);
      expect.soft(accounting.contributing + accounting.rejected + accounting.left, name).toBe(rows[name]);
      const fates =
        accounting.created + accounting.updated + accounting.unchanged + accounting.refused + accounting.blocked;
      expect.soft(fates + accounting.pending + accounting.uncertain, name).toBe(accounting.ready);
    }
    expect(part('contact').accounting.extracted).toBe(rows.contact);
    expect(part('consent').accounting.extracted).toBe(rows.contact);
  });

  test('holds back what was planted to be held back, under its rule', async () => {
    const { planted } = landing.facts;
    const expected = await expectations(landing);
    expect(part('organisation').accounting.rejected).toBe(expected.organisationsHeld);
    expect(rule('organisation', 'lookup.country')).toBe(planted.unknownCountries);
    expect(rule('organisation', 'remark.undecodable')).toBe(planted.undecodableRemarks);
    expect(rule('membership', 'number.digits-lost')).toBe(planted.unitsTooPrecise);
    expect(rule('contact', 'email.malformed')).toBe(
      Number(
        (
          await landing.legacy<{ n: string }>(
            `SELECT count(*) AS n FROM crm.contact WHERE email !~ '^[^@ ]+@[^@ ]+\\.[^@ ]+$' AND trim(email) !~ '^[^@ ]+@[^@ ]+\\.[^@ ]+$'`,
          )
        )[0]?.n,
      ),
    );
  });

  test('sets a parent five levels up, a ring of three, and a row that is its own parent', async () => {
    const ring = await landing.target<{ id: string; parent: string }>(`
      SELECT a.crm_legacyid AS id, p.crm_legacyid AS parent FROM accounts a JOIN accounts p ON p.accountid = a.parentaccountid
      WHERE a.crm_legacyid = p.crm_legacyid OR EXISTS (SELECT 1 FROM accounts g JOIN accounts h ON h.accountid = g.parentaccountid
        WHERE g.accountid = p.parentaccountid AND h.accountid = a.accountid)`);
    const source = await landing.legacy<{ n: string }>(`
      SELECT count(*) AS n FROM crm.organisation a JOIN crm.organisation p ON p.org_id = a.parent_id
      WHERE a.org_id = p.org_id OR EXISTS (SELECT 1 FROM crm.organisation g JOIN crm.organisation h ON h.org_id = g.parent_id
        WHERE g.org_id = p.parent_id AND h.org_id = a.org_id)`);
    expect(Number(source[0]?.n)).toBeGreaterThanOrEqual(4);
    expect(ring.length).toBe(Number(source[0]?.n));
  });

  test('merges twins across chunks into one contact that keeps the newest value, and every source key leads to it', async () => {
    const merged = part('contact').accounting;
    expect(merged.ready).toBeLessThan(merged.contributing);
    const twice =
      await landing.target(`SELECT lower(emailaddress1), lastname FROM contacts WHERE emailaddress1 IS NOT NULL AND emailaddress1 NOT LIKE 'info@%'
      GROUP BY lower(emailaddress1), lower(lastname), lastname HAVING count(*) > 1`);
    expect(twice).toEqual([]);
  });

  test('keeps people apart who share their office’s address', async () => {
    const [there] = await landing.target<{ n: string }>(
      `SELECT count(*) AS n FROM contacts WHERE emailaddress1 LIKE 'info@%'`,
    );
    const [due] = await landing.legacy<{ n: string }>(
      `SELECT count(*) AS n FROM crm.contact c JOIN crm.organisation o USING (org_id) WHERE c.email LIKE 'info@%'
       AND o.country <> 'Atlantis' AND NOT coalesce(encode(o.remark, 'hex') ~ '^(..)*(81|8d|8f|90|9d)', false)`,
    );
    expect(landing.facts.planted.sharedEmails).toBeGreaterThan(20);
    expect(Number(there?.n)).toBe(Number(due?.n));
  });

  test('lets an opted-out twin win', async () => {
    const [source] = await landing.legacy<{ n: string }>(`
      SELECT count(*) AS n FROM (SELECT 1 FROM crm.contact c WHERE c.email IS NOT NULL
        GROUP BY lower(trim(email)), lower(trim(last_name)) HAVING count(*) > 1 AND bool_or(opt_out_email) AND NOT bool_and(opt_out_email)) x`);
    expect(Number(source?.n)).toBeGreaterThan(0);
    const figure = report.figures.find((one) => one.name === 'opted-out')?.groups[0];
    expect(figure?.moved).toBe(figure?.target);
    expect(Number(figure?.target)).toBeGreaterThan(0);
  });

  test('moves a document whole or not at all', async () => {
    const { planted } = landing.facts;
    expect(rule('invoice_line', 'text.too-long')).toBe(planted.linesTooLong);
    expect(rule('invoice', 'document.line-held-back')).toBe(planted.linesTooLong);
    expect(rule('invoice_line', 'document.no-header')).toBe(planted.linesWithoutHeader);
    const torn = await landing.target(`
      SELECT i.crm_legacyid FROM invoices i LEFT JOIN invoicedetails d ON d.invoiceid = i.invoiceid
      GROUP BY i.crm_legacyid, i.totalamount HAVING count(d.*) = 0`);
    expect(torn).toEqual([]);
  });

  test('creates each activity once, although the target would take it twice', async () => {
    const twice = await landing.target(
      `SELECT crm_legacyreference FROM crm_interactions GROUP BY 1 HAVING count(*) > 1`,
    );
    expect(twice).toEqual([]);
  });

  test('points an activity at an organisation or at a person', async () => {
    const [row] = await landing.target<{ o: string; c: string; both: string; none: string }>(`
      SELECT count(regardingobjectid_account) AS o, count(regardingobjectid_contact) AS c,
        count(*) FILTER (WHERE regardingobjectid_account IS NOT NULL AND regardingobjectid_contact IS NOT NULL) AS both,
        count(*) FILTER (WHERE regardingobjectid_account IS NULL AND regardingobjectid_contact IS NULL) AS none FROM crm_interactions`);
    expect(Number(row?.o)).toBeGreaterThan(100);
    expect(Number(row?.c)).toBeGreaterThan(100);
    expect([row?.both, row?.none]).toEqual(['0', '0']);
  });

  test('takes a local time that summer time skips as the hour after, and one that it repeats as the first', async () => {
    const rows = await landing.target<{ at: string; n: string }>(`
      SELECT to_char(crm_happenedon AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS at, count(*) AS n FROM crm_interactions
      WHERE crm_happenedon IN ('2021-03-28 01:30:00+00', '2021-10-31 00:30:00+00') GROUP BY 1 ORDER BY 1`);
    expect(rows.map((row) => row.at)).toEqual(['2021-03-28 01:30', '2021-10-31 00:30']);
  });

  test('moves attachments of nothing to fifty megabytes with size and digest', () => {
    const { attachments } = part('note');
    expect(attachments?.differing).toBe(0);
    expect(attachments?.moved).toBeGreaterThan(5);
    expect(attachments?.bytes).toBeGreaterThan(50 * 1024 * 1024);
  });

  test('proves its controls on both sides', () => {
    expect(report.figures.length).toBeGreaterThanOrEqual(7);
    const open = report.figures.filter((one) => one.judgement === 'unexplained' || one.judgement === 'unverified');
    expect(open).toEqual([]);
  });

  test('asks the target itself for every control, and what it says is what was read back', () => {
    const groups = report.figures.flatMap((one) => one.groups.map((group) => ({ of: one.name, ...group })));
    for (const { of, group, live, target } of groups)
      expect.soft({ of, group, live }).toEqual({ of, group, live: target });
    expect(groups.every((one) => typeof one.live === 'string')).toBe(true);
  });

  test('compares every row’s own key in the target, and the whole of what was found is staged', () => {
    expect(report.endedAt).toBeDefined();
    for (const one of report.parts) expect.soft(one.lists, one.part).toEqual([]);
    const { attachments } = part('note');
    expect(attachments?.due).toBe(attachments?.moved);
  });

  describe('and is signed', () => {
    test('not by somebody who is no owner', async () => {
      await expect(landing.sign(run, { person: 'emil' })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('decision.role') },
      });
    });

    test('not under another report’s digest', async () => {
      await expect(landing.sign(run, { about: 'f'.repeat(64) })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('decision.digest') },
      });
    });

    test('by an owner; then the source refuses writes and the target is the system of record', async () => {
      await landing.sign(run);
      const now = await landing.until(run, (one) => one.phase === 'done');
      expect(now.signed).toMatchObject({ by: 'olga', decision: 'signed' });
      await expect(landing.legacy(`UPDATE crm.organisation SET name = 'changed' WHERE org_id = 1000`)).rejects.toThrow(
        'read only',
      );
      const [mark] = await landing.target<{ crm_value: string }>(
        `SELECT crm_value FROM crm_settings WHERE crm_name = 'system-of-record'`,
      );
      expect(mark?.crm_value).toContain(run);
    });
  });
});
