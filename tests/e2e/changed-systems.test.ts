import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { checkMigration, decide, startRun, withClient, withSystem } from '../../cli/runs.ts';
import type { DecisionAction } from '../../activities/contract.ts';
import type { RunStatus } from '../../model/run.ts';
import { alterProperty } from '../../sandbox/cloud-crm/model.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact', 'note'],
    size: 300,
    // One table after the other, so that a later one can be altered while an earlier one is read.
    options: { chunkRows: 400, chunkFanOut: 1, entityFanOut: 1 },
    variant: `{ ...entity, rejectLimit: entity.name === 'organisation' ? 0 : 1 }`,
  });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
});

const say = (run: string, action: DecisionAction, decision: string = action): Promise<unknown> => {
  const key = join(landing.loaded.folder, 'emil.key');
  return withClient(landing.loaded, (client) =>
    decide(client, { run, person: 'emil', key, action, decision, about: null }),
  );
};
const ended = (run: string): Promise<RunStatus> =>
  landing.until(run, (now) => now.phase === 'aborted').catch(() => landing.status(run));
const atGate = (now: RunStatus): boolean => now.waiting?.on === 'quality-gate';
const atSignOff = (now: RunStatus): boolean => now.phase === 'sign-off' && now.waiting !== null;
const rowsOf = async (table: string): Promise<number> => {
  const [row] = await landing.legacy<{ n: string }>(`SELECT count(*) AS n FROM crm.${table}`);
  return Number(row?.n);
};
const extracted = (now: RunStatus, entity: string): number => {
  const found = now.entities.find((one) => one.name === entity);
  return found?.counts[entity]?.extracted ?? 0;
};

/** A run of a plan that was made before the source was altered. */
async function planned(alter: string): Promise<RunStatus> {
  const run = `crm-${crypto.randomUUID()}`;
  await withSystem(landing.loaded, async (system) => {
    const { plan } = await checkMigration(landing.loaded, system, 'crm', 'rehearsal');
    if (!plan) throw new Error('no plan');
    await landing.legacy(alter);
    await withClient(landing.loaded, (client) =>
      startRun(landing.loaded, system, client, { plan, run, startedBy: 'emil' }),
    );
  });
  return ended(run);
}

test.each([
  ['appears', 'shoe_size', 'ADD COLUMN shoe_size integer', 'DROP COLUMN shoe_size', 'column shoe_size is new'],
  [
    'vanishes',
    'phone',
    'RENAME COLUMN phone TO fon',
    'RENAME COLUMN fon TO phone',
    'column phone is gone, column fon is new',
  ],
  [
    'is of another type',
    'phone',
    'ALTER phone TYPE varchar(90)',
    'ALTER phone TYPE text',
    'column phone was text and is character varying(90)',
  ],
])('a column that %s between plan and run stops it, with its name', async (_, column, alter, undo, how) => {
  const { failure, totals } = await planned(`ALTER TABLE crm.contact ${alter}`);
  await landing.legacy(`ALTER TABLE crm.contact ${undo}`);
  expect(failure).toMatchObject({
    code: 'plan.outdated',
    what: expect.stringContaining(how),
    where: { entity: 'contact', object: 'crm.contact', column },
    hint: expect.stringContaining('landfall check'),
  });
  expect(totals.extracted).toBe(0);
});

/** A run that is paused in the middle of reading, while the tables that come last are not read yet. */
async function inMidRead(): Promise<string> {
  const run = await landing.start({ mode: 'rehearsal' });
  await landing.until(run, (now) => extracted(now, 'organisation') > 0);
  await say(run, 'pause');
  const now = await landing.until(run, (one) => one.paused);
  expect(extracted(now, 'note')).toBe(0);
  return run;
}

test('a table that is rewritten while the run reads is read again, and none of its rows is missed', async () => {
  const run = await inMidRead();
  // Its rows stay as they are, but snapshots that were taken before do not show them any more.
  await landing.legacy(`ALTER TABLE crm.note ALTER COLUMN title TYPE text USING title || ''`);
  await say(run, 'resume');
  const now = await landing.until(run, atGate);
  expect(extracted(now, 'note')).toBe(await rowsOf('note'));
  expect(extracted(now, 'organisation')).toBe(await rowsOf('organisation'));
  await say(run, 'abort');
});

test('a column that vanishes while the run reads stops it, with its name', async () => {
  const run = await inMidRead();
  await landing.legacy('ALTER TABLE crm.note RENAME COLUMN title TO heading');
  await say(run, 'resume');
  const { failure } = await ended(run);
  await landing.legacy('ALTER TABLE crm.note RENAME COLUMN heading TO title');
  expect(failure).toMatchObject({
    code: 'plan.outdated',
    what: expect.stringContaining('column title is gone'),
    where: { entity: 'note', object: 'crm.note', column: 'title' },
  });
});

test('a property that is taken away from the target before the load stops the run with its name, and no row is written without it', async () => {
  const run = await landing.start({ mode: 'rehearsal' });
  await landing.until(run, atGate);
  const undo = alterProperty('accounts', 'websiteurl', null);
  await say(run, 'quality-gate', 'load');
  const { failure, totals } = await ended(run);
  undo();
  expect(failure).toMatchObject({
    code: 'plan.outdated',
    what: expect.stringContaining('no property websiteurl'),
    where: { entity: 'organisation', collection: 'accounts', field: 'websiteurl' },
    hint: expect.stringContaining('Undo the change in the target'),
  });
  // It stops with what it tried first, and does not try the rest in vain.
  expect(totals).toMatchObject({ created: 0, blocked: 0 });
  expect(await landing.target('SELECT 1 FROM accounts')).toEqual([]);
});

test('a property that becomes shorter holds back the rows that do not fit; once it is as long as before a replay brings them', async () => {
  const [half] = await landing.legacy<{ n: number }>(
    'SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY length(name)) AS n FROM crm.organisation',
  );
  const run = await landing.start({ mode: 'rehearsal' });
  await landing.until(run, atGate);
  const undo = alterProperty('accounts', 'name', (was) => ({ ...was, type: 'String', maxLength: half?.n ?? 1 }));
  await say(run, 'quality-gate', 'load');
  await landing.until(run, atSignOff);
  undo();
  const [part] = (await landing.report(run)).parts.filter((one) => one.part === 'organisation');
  expect(part?.accounting.refused).toBeGreaterThan(0);
  expect(part?.accounting.created).toBeGreaterThan(0);
  const cut = await landing.target<{ crm_legacyid: string; name: string }>('SELECT crm_legacyid, name FROM accounts');
  for (const one of cut) expect(one.name.length).toBeLessThanOrEqual(half?.n ?? 0);

  await say(run, 'replay');
  await landing.until(run, (now) => atSignOff(now) && now.replays[0]?.outcome === 'done');
  const report = await landing.report(run);
  expect([report.verdict, ...report.reasons]).toEqual(['whole']);
  expect(report.parts.find((one) => one.part === 'organisation')?.accounting.refused).toBe(0);
});
