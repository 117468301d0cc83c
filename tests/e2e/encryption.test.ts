import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { auditRun } from '../../activities/audit.ts';
import { readReport } from '../../activities/reports.ts';
import { decide, heldRows, withClient, withSystem } from '../../cli/runs.ts';
import type { Audit } from '../../activities/audit.ts';
import type { SecretRef } from '../../model/names.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { dataConverterOf } from '../../worker/payloads.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

const command = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
let landing: Landing;
let worker: RunningWorker | null = null;
let run: string;

async function key(name: string): Promise<SecretRef> {
  await writeFile(join(landing.loaded.folder, name), randomBytes(32).toString('base64'), { mode: 0o600 });
  return { file: name };
}

/** Takes the workers of one configuration down and those of the next up, as an operator does. */
async function work(settings: { masterKey: SecretRef[]; payloadKeys: SecretRef[] }): Promise<void> {
  await worker?.stop();
  const { config } = landing.loaded;
  config.staging.masterKey = settings.masterKey;
  config.temporal.payloadKeys = settings.payloadKeys;
  await writeFile(landing.configFile, `export default ${JSON.stringify(config)};\n`);
  worker = await startWorker(config, landing.loaded.folder);
}

/** The command, as a person would give it; with `--json`. Beside the worker, which answers it, so it must not block. */
function landfall(...words: string[]): Promise<{ status: number; said: unknown; error: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, '-c', landing.configFile, '--json', ...words], (failed, stdout, error) => {
      const status = failed === null ? 0 : Number(failed.code);
      resolve({ status, said: stdout === '' ? null : JSON.parse(stdout), error });
    });
  });
}

/** Parts of an event of which everything below is told apart. */
const Kept = new Set(['indexedFields', 'markerRecordedEventAttributes']);
/** What of its own Temporal's SDK says in the open where a workflow did something by itself: which patch, and which step. */
const Own = /^(id|deprecated|seq|attempt|activity_id|activity_type|backoff|complete_time|original_schedule_time)$/;
const isOwn = (text: string): boolean =>
  text.startsWith('{') && Object.keys(JSON.parse(text) as object).every((name) => Own.test(name));

/** Encodings of every payload that Temporal holds of the run, its children included; `own` are those of its SDK. */
async function encodings(): Promise<Map<string, number>> {
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const found = new Map<string, number>();
  try {
    const client = new Client({ connection });
    for await (const { workflowId, runId } of client.workflow.list({ query: `LandfallRun = '${run}'` })) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const look = (at: unknown, under: string): void => {
        if (typeof at !== 'object' || at === null) return;
        const { metadata, data } = at as { metadata?: Record<string, Uint8Array> | null; data?: Uint8Array };
        const encoding = metadata?.['encoding'];
        if (encoding && under !== 'indexedFields') {
          const marker = under === 'markerRecordedEventAttributes' && isOwn(Buffer.from(data ?? []).toString());
          const name = marker ? 'own' : Buffer.from(encoding).toString();
          found.set(name, (found.get(name) ?? 0) + 1);
        }
        for (const [name, inner] of Object.entries(at)) look(inner, Kept.has(under) ? under : name);
      };
      look(history.events, 'events');
    }
  } finally {
    await connection.close();
  }
  return found;
}

let masterOld: SecretRef;
let masterNew: SecretRef;
let payloadOld: SecretRef;
let payloadNew: SecretRef;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact'],
    size: 800,
    options: { chunkRows: 200 },
    variant: `{ ...entity, rejectLimit: entity.name === 'organisation' ? 0 : 1 }`,
  });
  masterOld = { file: 'master.key' };
  masterNew = await key('master-new.key');
  payloadOld = await key('payload.key');
  payloadNew = await key('payload-new.key');
  await work({ masterKey: [masterOld], payloadKeys: [payloadOld] });
});

afterAll(async () => {
  await worker?.stop();
  await landing.close();
});

test('keys are changed while a run is open, and it goes on', { timeout: 240_000 }, async () => {
  run = await landing.start();
  await landing.until(run, (now) => now.waiting?.on === 'quality-gate');
  await work({ masterKey: [masterNew, masterOld], payloadKeys: [payloadNew, payloadOld] });
  const by = join(landing.loaded.folder, 'emil.key');
  const asked = { run, person: 'emil', key: by, action: 'quality-gate', decision: 'load', about: null } as const;
  await withClient(landing.loaded, (client) => decide(client, asked));
  await landing.until(run, (now) => now.phase === 'sign-off' && now.waiting !== null);

  // The old master key goes while the report waits for its owner; old payloads are still to be read.
  expect(await landfall('rekey', '--retire')).toMatchObject({ status: 0, said: { runs: 1, retired: 0 } });
  await work({ masterKey: [masterNew], payloadKeys: [payloadNew, payloadOld] });
  const retired = (await landfall('rekey', '--retire')).said as { keys: number; retired: number };
  expect(retired.retired).toBe(retired.keys);
  for (const folder of await readdir(join(landing.loaded.folder, 'staging', 'runs', run, 'keys'))) {
    expect(await readdir(join(landing.loaded.folder, 'staging', 'runs', run, 'keys', folder))).toHaveLength(1);
  }
  expect((await landing.report(run)).verdict).toBe('whole');
  await landing.sign(run);
  await landing.until(run, (now) => now.phase === 'done');
});

test('Temporal holds nothing but what is encrypted, and it replays', async () => {
  const found = await encodings();
  expect([...found.keys()].toSorted()).toEqual(['binary/encrypted', 'own']);
  expect(found.get('binary/encrypted')).toBeGreaterThan(100);
  const history = await withClient(landing.loaded, (client) => client.workflow.getHandle(run).fetchHistory());
  const bundle = await workflowBundle();
  const dataConverter = dataConverterOf(landing.loaded.config, landing.loaded.folder);
  await expect(
    Worker.runReplayHistory({ workflowBundle: bundle, dataConverter }, history, run),
  ).resolves.toBeUndefined();
  await expect(Worker.runReplayHistory({ workflowBundle: bundle }, history, run)).rejects.toThrow(/encoding/);
});

test('whoever lacks a key is told which setting it belongs to', async () => {
  const lacking = structuredClone(landing.loaded.config);
  lacking.temporal.payloadKeys = [payloadOld];
  const loaded = { ...landing.loaded, config: lacking };
  const asked = withClient(loaded, (client) => client.workflow.getHandle(run).result());
  await expect(asked).rejects.toThrow(/payload/);
});

const audit = (): Promise<Audit> => withSystem(landing.loaded, async (system) => auditRun(await system.staging(run)));

test('what is restricted is disposed of by its owner alone, once the run has ended', async () => {
  const folder = landing.loaded.folder;
  const before = await audit();
  expect(before).toMatchObject({ problems: [], disposed: [], reports: [{ decision: 'signed', by: 'olga' }] });
  expect(before.files).toBeGreaterThan(10);
  const revealed = await heldRows(landing.loaded, run, { reveal: true });
  expect(revealed.length).toBeGreaterThan(0);

  const emil = await landfall('dispose', run, '--as', 'emil', '--key', join(folder, 'emil.key'));
  expect(emil).toMatchObject({ status: 1, error: expect.stringContaining('decision.role') });
  const olga = await landfall('dispose', run, '--as', 'olga', '--key', join(folder, 'olga.key'));
  expect(olga).toMatchObject({ status: 0, said: { keys: expect.arrayContaining(['restricted-contact']) } });

  // Birth dates of contacts and what was held back can be read by nobody any more; reports and evidence are as proven as before.
  await expect(heldRows(landing.loaded, run, { reveal: true })).rejects.toMatchObject({ code: 'staging.key-disposed' });
  const after = await audit();
  expect(after).toMatchObject({ problems: [], files: before.files, reports: before.reports });
  expect(after.disposed).toContain('restricted-contact');
  expect(after.decisions).toBe(before.decisions + 1);
  const digest = after.reports[0]?.digest ?? '';
  const report = await withSystem(landing.loaded, async (system) => readReport(await system.staging(run), digest));
  expect(report.verdict).toBe('whole');
  expect(await landfall('verify', run)).toMatchObject({ status: 0, said: { problems: [] } });
  const again = await landfall('dispose', run, '--as', 'olga', '--key', join(folder, 'olga.key'));
  expect(again).toMatchObject({ status: 1, error: expect.stringContaining('dispose.nothing') });
});

test('an audit names a staged file that is not what was signed', async () => {
  const root = join(landing.loaded.folder, 'staging', 'runs', run, 'contact', 'transform');
  const [name = ''] = (await readdir(root)).filter((file) => file.includes('-rows-'));
  const bytes = await readFile(join(root, name));
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  await writeFile(join(root, name), bytes);
  const done = await landfall('verify', run);
  expect(done.status).toBe(3);
  expect((done.said as Audit).problems).toEqual([
    expect.objectContaining({ code: 'staging.altered', where: { path: expect.stringContaining(name) } }),
  ]);
});

test('a run that is open is not disposed of', async () => {
  const open = await landing.start({ mode: 'rehearsal' });
  await landing.until(open, (now) => now.waiting?.on === 'quality-gate');
  const done = await landfall('dispose', open, '--as', 'olga', '--key', join(landing.loaded.folder, 'olga.key'));
  expect(done).toMatchObject({ status: 1, error: expect.stringContaining('dispose.run-open') });
});
