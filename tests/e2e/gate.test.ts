import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { putCorrections } from '../../activities/corrections.ts';
import { decide, heldRows, stageCorrections, withClient, withSystem } from '../../cli/runs.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact', 'invoice'],
    size: 1_000,
    options: { chunkRows: 150 },
    variant: `entity.name === 'organisation' ? { ...entity, rejectLimit: 0 } : { ...entity, rejectLimit: 1 }`,
  });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
});

const say = (run: string, action: 'quality-gate' | 'replay', decision: string, about: string | null = null) =>
  withClient(landing.loaded, (client) =>
    decide(client, { run, person: 'emil', key: join(landing.loaded.folder, 'emil.key'), action, decision, about }),
  );
const held = async (): Promise<string> => {
  const run = await landing.start({ mode: 'rehearsal' });
  const now = await landing.until(run, (one) => one.waiting !== null);
  expect(now).toMatchObject({ phase: 'quality-gate', waiting: { on: 'quality-gate', who: ['emil'] } });
  expect(now.waiting?.note).toContain('organisation');
  return run;
};
const accounts = async (): Promise<number> => {
  const [row] = await landing.target<{ n: string }>('SELECT count(*) AS n FROM accounts');
  return Number(row?.n);
};

test('more rejects than the blueprint allows wait for an engineer before anything is written', async () => {
  const run = await held();
  expect(await accounts()).toBe(0);
  await say(run, 'quality-gate', 'stop');
  const ended = await landing.until(run, (now) => now.phase === 'aborted').catch(() => landing.status(run));
  expect(ended).toMatchObject({ phase: 'aborted', failure: { what: 'Stopped at the quality gate.' } });
  expect(await accounts()).toBe(0);
});

test('an engineer may let it load all the same', async () => {
  const run = await held();
  await say(run, 'quality-gate', 'load');
  await landing.until(run, (now) => now.phase === 'sign-off');
  expect((await landing.report(run)).verdict).toBe('whole');
});

test('rejects corrected at the gate let the run pass it by itself', async () => {
  const run = await held();
  const rejects = await heldRows(landing.loaded, run, { reveal: false });
  const rules: Record<string, [column: string, value: string | null]> = {
    'lookup.country': ['country', 'Switzerland'],
    'remark.undecodable': ['remark', null],
  };
  const entries = rejects.flatMap(({ entity, key, rule }) => {
    const [column, value] = rules[rule] ?? [];
    return entity === 'organisation' && column !== undefined
      ? [{ part: entity, key, column, value: value ?? null }]
      : [];
  });
  // Whoever gets round the command is held to the same rules by the step itself.
  const smuggled = await withSystem(landing.loaded, async (system) =>
    putCorrections(await system.staging(run), {
      reason: '',
      entries: [{ part: 'invoice', key: '200000', column: 'total', value: '0' }],
    }),
  );
  await say(run, 'replay', 'replay', smuggled);
  const refused = await landing.until(run, (one) => one.replays[0]?.outcome === 'refused' && one.waiting !== null);
  expect(refused).toMatchObject({ phase: 'quality-gate', replays: [{ failure: { code: 'corrections.row' } }] });

  const staged = await stageCorrections(landing.loaded, run, { reason: 'known', entries });
  expect(staged.problems).toEqual([]);
  await say(run, 'replay', 'replay', staged.digest);
  const now = await landing.until(run, (one) => one.phase === 'sign-off');
  expect(now.replays).toMatchObject([{ outcome: 'refused' }, { outcome: 'done' }]);
  const report = await landing.report(run);
  expect(report.verdict).toBe('whole');
  expect(report.parts.find((one) => one.part === 'organisation')?.accounting.rejected).toBe(0);
});
