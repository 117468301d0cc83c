import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { odataV4 } from '../../../connectors/odata-v4/index.ts';
import { Settings } from '../../../connectors/odata-v4/settings.ts';
import type { RowOutcome, Target, TargetDocument } from '../../../connectors/port.ts';
import { startCloudCrm, type CloudCrm } from '../../../sandbox/cloud-crm/index.ts';
import { startPostgres, type SandboxPostgres } from '../../../sandbox/postgres.ts';
import { accounts, contacts, invoiceDetails, invoices } from '../../conformance/target-cloud-crm.ts';
import { openGate } from './scripted-service.ts';

let folder: string;
let postgres: SandboxPostgres;
let crm: CloudCrm;
let target: Target;
const { call, reports } = openGate();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-odata-'));
  await chmod(folder, 0o755);
  postgres = await startPostgres({ dataDir: join(folder, 'data'), durable: false });
  await postgres.createDatabase('crm');
  crm = await startCloudCrm({ databaseUrl: postgres.url('crm'), limits: { aggregateRows: 20 } });
  const settings = Settings.parse({
    kind: 'odata-v4',
    url: crm.url,
    auth: { kind: 'oauth2', tokenUrl: crm.tokenUrl, clientId: crm.clientId, clientSecret: { env: 'S' } },
    pageRows: 7,
  });
  const opened = await odataV4.openTarget?.('crm', settings, () => crm.clientSecret);
  if (!opened) throw new Error('the connector opens no targets');
  target = opened;
});
afterAll(async () => {
  await target.close();
  await crm.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => crm.setFaults({ rules: [] }));

const contact = (legacyKey: string, fields: object = { lastname: 'L' }): TargetDocument => ({
  collection: contacts,
  row: { legacyKey, body: JSON.stringify(fields), references: [] },
});
const invoice = (legacyKey: string, amount = '1.00'): TargetDocument => ({
  collection: invoices,
  row: { legacyKey, body: JSON.stringify({ totalamount: amount }), references: [] },
  lines: {
    collection: invoiceDetails,
    rows: [1, 2].map((n) => ({
      legacyKey: `${legacyKey}-${n}`,
      body: JSON.stringify({ lineitemnumber: n }),
      references: [{ field: 'invoiceid', collection: 'invoices', targetKey: null, toHeader: true }],
    })),
  },
});
const kinds = (outcomes: readonly RowOutcome[]): string[] => [...new Set(outcomes.map((one) => one.outcome))];
const write = (...documents: TargetDocument[]): Promise<RowOutcome[]> => target.writeBatch(documents, 'write', call);

it('says uncertain when a change set answers 201 and was rolled back, and the rows arrive when sent again', async () => {
  const documents = [invoice('F1'), invoice('F2')];
  crm.setFaults({ rules: [{ kind: 'false-success', on: 'batch', times: 1, probability: 1, after: 0, amount: 1 }] });
  expect(kinds(await write(...documents))).toEqual(['uncertain']);
  expect(await target.countRows(invoices, call)).toBe(0);
  expect(kinds(await write(...documents))).toEqual(['created']);
});

it('says uncertain when an update answers 200 and was rolled back', async () => {
  await write(invoice('F3', '1.00'));
  crm.setFaults({ rules: [{ kind: 'false-success', on: 'batch', times: 1, probability: 1, after: 0, amount: 1 }] });
  expect(kinds(await write(invoice('F3', '2.00')))).toEqual(['uncertain']);
  const [image] = (await target.beforeImage?.(invoices, ['F3'], call)) ?? [];
  expect(image?.values['totalamount']).toBe('1.00');
});

it('refuses a row whose duplicate key comes as HTTP 500', async () => {
  const create = { ...contacts, write: 'create' as const };
  await write(contact('D1'));
  crm.setFaults({ rules: [{ kind: 'duplicate-as-500', on: 'batch', times: 1, probability: 1, after: 0, amount: 1 }] });
  const [outcome] = await write({ ...contact('D1'), collection: create });
  expect(outcome).toMatchObject({ outcome: 'refused', code: '0x80060892' });
});

it('waits out a service that is unavailable for a moment', async () => {
  const before = reports.filter((one) => one === 'throttled').length;
  crm.setFaults({ rules: [{ kind: 'unavailable', on: 'batch', times: 2, probability: 1, after: 0, amount: 0.05 }] });
  expect(kinds(await write(contact('U1')))).toEqual(['created']);
  expect(reports.filter((one) => one === 'throttled')).toHaveLength(before + 2);
});

it('is served in the middle of a batch of many after its token was revoked', async () => {
  crm.setFaults({ rules: [{ kind: 'expire-token', on: 'batch', times: 1, probability: 1, after: 1, amount: 1 }] });
  for (let n = 0; n < 3; n += 1) expect(kinds(await write(contact(`T${n}a`), contact(`T${n}b`)))).toEqual(['created']);
});

it('reads every row exactly once while others are created', async () => {
  await write(...Array.from({ length: 30 }, (_, n) => contact(`P${n}`)));
  const seen: string[] = [];
  let next: string | null = null;
  let n = 0;
  do {
    const page = await target.readBack(contacts, next, call);
    seen.push(...page.rows.flatMap((row) => (row.legacyKey?.startsWith('P') ? [row.legacyKey] : [])));
    await write(contact(`Q${(n += 1)}`));
    next = page.next;
  } while (next !== null);
  expect(seen.toSorted()).toEqual(Array.from({ length: 30 }, (_, n) => `P${n}`).toSorted());
});

it('says that figures and counts cannot be had beyond the service’s limit of rows', async () => {
  const body = (n: number): string => JSON.stringify({ name: `A${n}`, crm_category: 1 });
  await write(
    ...Array.from({ length: 21 }, (_, n) => ({
      ...contact(`A${n}`),
      collection: accounts,
      row: { legacyKey: `A${n}`, body: body(n), references: [] },
    })),
  );
  const figure = await target.figures?.(
    {
      object: 'accounts',
      by: { category: 'crm_category' },
      measure: { kind: 'count' },
    },
    call,
  );
  expect(figure).toEqual({
    kind: 'unsupported',
    reason: 'the target does not aggregate that many rows (Dataverse: 50,000)',
  });
  expect(await target.countRows(accounts, call)).toBeNull();
});

it('reads reference data, every page of it', async () => {
  const found: Record<string, string | null>[] = [];
  for await (const rows of target.readReference('countries', ['iso2', 'countryid'], call)) found.push(...rows);
  expect(found.length).toBeGreaterThan(7);
  expect(found.find((one) => one['iso2'] === 'CH')?.['countryid']).toMatch(/^[0-9a-f-]{36}$/);
});
