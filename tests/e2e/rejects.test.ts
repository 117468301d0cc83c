import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import { withClient, withSystem } from '../../cli/runs.ts';
import { readEvidence } from '../../staging/evidence.ts';
import type { PartReport, Report } from '../../model/report.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

const Line = z.object({
  entity: z.string(),
  key: z.string(),
  state: z.string(),
  rule: z.string(),
  column: z.string(),
  corrected: z.string(),
});
type Line = z.infer<typeof Line>;

let landing: Landing;
let worker: RunningWorker;
let run: string;
let before: Report;
let after: Report;
let lines: Line[];
let corrected: Line[];
let writtenAfter: string;

/** The command as a person types it. */
function landfall(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const all = ['cli/main.ts', '-c', landing.configFile, ...args];
  return new Promise((ended) => {
    execFile(process.execPath, all, { env: { ...process.env, NO_COLOR: '1' } }, (error, out, err) =>
      ended({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const file = (name: string): string => join(landing.loaded.folder, name);
const part = (report: Report, name: string): PartReport => {
  const found = report.parts.find((one) => one.part === name);
  if (!found) throw new Error(`no part ${name}`);
  return found;
};
const written = (report: Report, name: string): number => {
  const { created, updated, unchanged } = part(report, name).accounting;
  return created + updated + unchanged;
};
async function correct(name: string, all: readonly Line[]): Promise<string> {
  await writeFile(file(name), stringify([...all], { header: true }));
  return file(name);
}
const replay = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  landfall('replay', run, '--as', 'emil', '--key', file('emil.key'), ...args);

const correction = (line: Line): Line | null => {
  const to: Record<string, [column: string, value: string]> = {
    'lookup.country': ['country', 'Switzerland'],
    'number.digits-lost': ['units', '2.5'],
    'email.malformed': ['email', `corrected.${line.key}@example.org`],
  };
  const found = to[line.rule];
  return found && line.state === 'rejected' ? { ...line, column: found[0], corrected: found[1] } : null;
};

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({ temporal: inject('temporalAddress'), size: 1_000, options: { chunkRows: 150 } });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
  run = await landing.start();
  await landing.until(run, (now) => now.phase === 'sign-off');
  before = await landing.report(run);
  await landfall('rejects', run, '-o', file('rejects.csv'));
  lines = z.array(Line).parse(parse(await readFile(file('rejects.csv'), 'utf8'), { columns: true, bom: true }));
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
});

describe('rows that are held back', () => {
  test('are all in one file, whatever held them, with the columns that there are to correct', () => {
    for (const name of ['organisation', 'membership', 'invoice', 'activity'] as const) {
      const { accounting } = part(before, name);
      const keys = (state: string): number =>
        new Set(lines.filter((line) => line.entity === name && line.state === state).map((line) => line.key)).size;
      expect.soft(keys('rejected'), name).toBe(accounting.rejected);
      expect.soft(keys('blocked'), name).toBe(accounting.blocked);
    }
    expect(part(before, 'membership').accounting.blocked).toBeGreaterThan(0);
    expect(lines.find((line) => line.rule === 'number.digits-lost')?.column).toBe('units');
  });

  test('cannot be corrected in ways that cannot be, and every mistake is told at once', async () => {
    const [line] = lines.filter((one) => one.rule === 'number.digits-lost');
    if (!line) throw new Error('nothing was planted');
    const wrong = await correct('wrong.csv', [
      { ...line, column: 'valid_from', corrected: 'yesterday' },
      { ...line, column: 'org_id', corrected: '1' },
      { ...line, column: 'nothing', corrected: '1' },
      { ...line, key: 'nobody', corrected: '1' },
    ]);
    const { code, err } = await replay('--corrections', wrong);
    expect(code).toBe(3);
    for (const said of ['corrections.value', 'corrections.key', 'corrections.column', 'corrections.row'])
      expect(err).toContain(said);
    const empty = await replay('--corrections', await correct('empty.csv', lines.slice(0, 3)));
    expect(empty.err).toContain('corrections.file');
    expect((await landing.status(run)).replays).toEqual([]);
  });

  test('are corrected and replayed by an engineer, and a new report is due', async () => {
    corrected = lines.flatMap((line) => correction(line) ?? []);
    expect(new Set(corrected.map((line) => line.entity))).toEqual(
      new Set(['organisation', 'membership', 'contact', 'consent']),
    );
    const first = (await landing.status(run)).report?.digest;
    const path = await correct('corrected.csv', corrected);
    const [now] = await landing.target<{ now: string }>('SELECT clock_timestamp()::text AS now');
    writtenAfter = now?.now ?? '';
    const asked = await replay('--corrections', path, '--comment', 'asked the membership office');
    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining('replay') });
    const ended = await landing.until(
      run,
      (one) => one.phase === 'sign-off' && one.waiting !== null && one.replays[0]?.outcome !== 'running',
    );
    expect(ended.replays).toMatchObject([{ by: 'emil', outcome: 'done', failure: null }]);
    expect(ended.report?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(ended.report?.digest).not.toBe(first);
    after = await landing.report(run);
    expect(after.verdict).toBe('whole');
  });

  test('are in the target then, with what waited for them, and no row is there twice', async () => {
    const organisations = corrected.filter((line) => line.entity === 'organisation').map((line) => `ORG-${line.key}`);
    const there = await landing.target<{ iso2: string }>(
      `SELECT c.iso2 FROM accounts a JOIN countries c ON c.countryid = a.crm_country
       WHERE a.crm_legacyid = ANY ('{${organisations.join(',')}}')`,
    );
    expect(there.map((row) => row.iso2)).toEqual(organisations.map(() => 'CH'));
    const units = await landing.target<{ n: string }>(
      `SELECT count(*) AS n FROM crm_memberships WHERE crm_units = 2.5`,
    );
    expect(Number(units[0]?.n)).toBeGreaterThanOrEqual(corrected.filter((one) => one.rule.startsWith('number')).length);

    expect(part(after, 'organisation').accounting.rejected).toBe(
      part(before, 'organisation').accounting.rejected - organisations.length,
    );
    expect(part(after, 'membership').accounting.blocked).toBeLessThan(part(before, 'membership').accounting.blocked);
    for (const { part: name, accounting } of after.parts) {
      const { ready, created, updated, unchanged, refused, blocked, pending, uncertain } = accounting;
      expect.soft(created + updated + unchanged + refused + blocked + pending + uncertain, name).toBe(ready);
    }
    const twice = await landing.target(
      `SELECT crm_legacyreference FROM crm_interactions GROUP BY 1 HAVING count(*) > 1`,
    );
    expect(twice).toEqual([]);
    const [interactions] = await landing.target<{ n: string }>('SELECT count(*) AS n FROM crm_interactions');
    expect(Number(interactions?.n)).toBe(written(after, 'activity'));
  });

  test('are sent alone: what had arrived is not written again', async () => {
    const [row] = await landing.target<{ n: string }>(
      `SELECT count(*) AS n FROM crm_memberships WHERE modifiedon > '${writtenAfter}'`,
    );
    const news = written(after, 'membership') - written(before, 'membership');
    expect(news).toBeGreaterThan(0);
    expect(Number(row?.n)).toBe(news);
  });

  test('are named in the report as corrected, by whom and why', () => {
    expect(
      after.corrections?.map(({ part: name, columns, by, reason }) => ({ part: name, columns, by, reason })),
    ).toEqual(
      expect.arrayContaining([
        { part: 'organisation', columns: ['country'], by: 'emil', reason: 'asked the membership office' },
        { part: 'membership', columns: ['units'], by: 'emil', reason: 'asked the membership office' },
      ]),
    );
  });

  test('are corrected without a word of it in the history of the run', async () => {
    const history = await withClient(landing.loaded, (client) => client.workflow.getHandle(run).fetchHistory());
    const text = Buffer.from(JSON.stringify(historyToJSON(history))).toString();
    const inside = [...text.matchAll(/data\\":\s*\\"([A-Za-z0-9+/=]+)/g)].map((match) =>
      Buffer.from(match[1] ?? '', 'base64').toString('utf8'),
    );
    const decoded = inside.map((one) =>
      one.replaceAll(/[A-Za-z0-9_-]{20,}/g, (part) => `${part} ${Buffer.from(part, 'base64url').toString('utf8')}`),
    );
    expect(decoded.filter((one) => one.includes('"sub":"emil"'))).not.toEqual([]);
    for (const planted of ['membership office', 'Switzerland', 'corrected.']) {
      expect
        .soft(
          decoded.filter((one) => one.includes(planted)),
          planted,
        )
        .toEqual([]);
    }
    const log = await withSystem(landing.loaded, async (system) => readEvidence(await system.staging(run)));
    expect(JSON.stringify(log)).toContain('asked the membership office');
  });

  test('leave a run that can be signed and switched', async () => {
    await landing.sign(run);
    await landing.until(run, (now) => now.phase === 'done');
    const late = await replay();
    expect(late.code).toBe(1);
    expect(late.err).toContain('The run has ended');
    const unknown = await landfall('status', 'crm-live-never');
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('There is no such run.') });
  });
});
