import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { decide, heldRows, stageCorrections, withClient } from '../../cli/runs.ts';
import { provideTemporal } from '../../sandbox/temporal.ts';
import { logFrom, startWorker } from '../../worker/worker.ts';
import { limiterId } from '../../worker/shares.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { makeLanding, varied } from '../e2e/landing.ts';
import type { RunStatus } from '../../model/run.ts';

/**
 * Moves a small CRM, with rejects replayed and a run that continues as new, stops another at its gate and in its load, and
 * writes the histories of all that, also as they were half way, into a folder, else beside this file, in the place of what
 * was there: `node tests/replay/record.ts [FOLDER]`. To be run on released code: what is recorded must replay for as long
 * as such runs may be open.
 */
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const folder = process.argv[2] ? pathToFileURL(`${process.argv[2]}/`) : new URL('histories/', import.meta.url);

logFrom('ERROR');
const temporal = await provideTemporal({
  log: say,
  own: true,
  searchAttributes,
  dynamicConfig: ['limit.historyCount.suggestContinueAsNew=250'],
});
const landing = await makeLanding({ temporal: temporal.address, size: 1_000, options: { chunkRows: 40 } });
const worker = await startWorker(landing.loaded.config, landing.loaded.folder);
const files = new Map<string, string>();

/** Keeps the history of a workflow as it is now. */
async function keep(name: string, workflowId: string, runId?: string): Promise<void> {
  await withClient(landing.loaded, async (client) => {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    // Which machine it was is nobody's business.
    files.set(name, historyToJSON(history).replaceAll(/"identity":\s*"[^"]*"/g, '"identity":"worker"'));
    say(`${name}: ${history.events?.length ?? 0} events`);
  });
}

/** Keeps a run's history in a state that it passes through, as a worker of the next release may find it. */
async function keepWhen(run: string, state: string, is: (now: RunStatus) => boolean): Promise<void> {
  const now = await landing.until(run, (one) => is(one) || one.phase === 'sign-off');
  if (!is(now)) throw new Error(`the run was through before it was seen ${state}`);
  await keep(`migration-${state}`, run);
}

const step = (name: string) => (now: RunStatus) =>
  now.entities.some((one) => one.step === name && one.state === 'running');

async function decided(run: string, action: 'quality-gate' | 'pause' | 'abort', decision: string): Promise<void> {
  const key = join(landing.loaded.folder, 'emil.key');
  await withClient(landing.loaded, (client) =>
    decide(client, { run, person: 'emil', key, action, decision, about: null }),
  );
}

/** A run that waits at the quality gate, is paused in its load and aborted there. */
async function recordStops(): Promise<void> {
  const { crm } = landing.loaded.config.migrations;
  if (!crm) throw new Error('no migration crm');
  const own = crm.blueprint;
  crm.blueprint = await varied(
    landing.loaded.folder,
    `{ ...entity, rejectLimit: entity.name === 'organisation' ? 0 : 1 }`,
  );
  const run = await landing.start({ run: 'crm-stopped', mode: 'rehearsal' });
  await keepWhen(run, 'at-gate', (now) => now.waiting?.on === 'quality-gate');
  await decided(run, 'quality-gate', 'load');
  await landing.until(run, step('load'));
  await decided(run, 'pause', 'pause');
  await keepWhen(run, 'paused', (now) => now.paused);
  await decided(run, 'abort', 'abort');
  for (let now = await landing.status(run); now.phase !== 'aborted';) now = await landing.status(run);
  await keep('migration-aborted', run);
  crm.blueprint = own;
}

try {
  await recordStops();
  const run = await landing.start({ run: 'crm-recorded' });
  for (const name of ['extract', 'transform', 'load', 'references', 'attachments', 'readback']) {
    await keepWhen(run, `in-${name}`, step(name));
  }
  await keepWhen(run, 'unsigned', (now) => now.waiting?.on === 'sign-off');
  const rejects = await heldRows(landing.loaded, run, { reveal: false });
  const entries = rejects
    .filter((one) => one.rule === 'lookup.country')
    .map((one) => ({ part: one.entity, key: one.key, column: 'country', value: 'Switzerland' }));
  const { digest } = await stageCorrections(landing.loaded, run, { reason: '', entries });
  const key = join(landing.loaded.folder, 'emil.key');
  await withClient(landing.loaded, (client) =>
    decide(client, { run, person: 'emil', key, action: 'replay', decision: 'replay', about: digest }),
  );
  await landing.until(run, (now) => now.phase === 'sign-off' && now.replays[0]?.outcome === 'done');
  await landing.sign(run);
  await landing.until(run, (now) => now.phase === 'done');

  const seen = new Map<string, number>();
  const listed: { workflowId: string; runId: string; type: string }[] = [];
  await withClient(landing.loaded, async (client) => {
    const account = `odata-v4 ${new URL(landing.cloud.url).origin} landfall`;
    const query = `LandfallRun = '${run}' OR WorkflowId = '${limiterId(account)}'`;
    for await (const one of client.workflow.list({ query })) listed.push(one);
  });
  for (const { workflowId, runId, type } of listed) {
    // Of each step one entity's history, of the run every execution: more of the same would show nothing new.
    const name = type === 'entity' ? workflowId.split('/').slice(2).join('-') : type;
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    if (name === 'migration' || nth === 1) await keep(`${name}${nth > 1 ? `-${nth}` : ''}`, workflowId, runId);
  }
  for (const file of await readdir(folder)) await rm(new URL(file, folder));
  for (const [name, text] of files) await writeFile(new URL(`${name}.json`, folder), `${text}\n`);
} finally {
  await worker.stop();
  await landing.close();
  await temporal.stop();
}
