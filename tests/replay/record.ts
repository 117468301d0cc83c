import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { decide, heldRows, stageCorrections, withClient } from '../../cli/runs.ts';
import { provideTemporal } from '../../sandbox/temporal.ts';
import { logFrom, startWorker } from '../../worker/worker.ts';
import { limiterId } from '../../worker/shares.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { makeLanding } from '../e2e/landing.ts';

/**
 * Moves a small CRM, with rejects replayed and a run that continues as new, and writes the histories of all that beside
 * this file: `node tests/replay/record.ts`. To be run on released code: what is recorded must replay for as long as such
 * runs may be open. It replaces what was recorded before.
 */
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const folder = new URL('histories/', import.meta.url);

logFrom('ERROR');
const temporal = await provideTemporal({
  log: say,
  own: true,
  searchAttributes,
  dynamicConfig: ['limit.historyCount.suggestContinueAsNew=250'],
});
const landing = await makeLanding({ temporal: temporal.address, size: 1_000, options: { chunkRows: 40 } });
const worker = await startWorker(landing.loaded.config, landing.loaded.folder);
try {
  const run = await landing.start({ run: 'crm-recorded' });
  await landing.until(run, (now) => now.phase === 'sign-off');
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

  for (const file of await readdir(folder)) await rm(new URL(file, folder));
  await withClient(landing.loaded, async (client) => {
    const account = `odata-v4 ${new URL(landing.cloud.url).origin} landfall`;
    const query = `LandfallRun = '${run}' OR WorkflowId = '${limiterId(account)}'`;
    const seen = new Map<string, number>();
    for await (const { workflowId, runId, type } of client.workflow.list({ query })) {
      // Of each step one entity's history, of the run every execution: more of the same would show nothing new.
      const name = type === 'entity' ? workflowId.split('/').slice(2).join('-') : type;
      const nth = (seen.get(name) ?? 0) + 1;
      seen.set(name, nth);
      if (name !== 'migration' && nth > 1) continue;
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      // Which machine it was is nobody's business.
      const text = historyToJSON(history).replaceAll(/"identity":\s*"[^"]*"/g, '"identity":"worker"');
      await writeFile(new URL(`${name}${nth > 1 ? `-${nth}` : ''}.json`, folder), `${text}\n`);
      say(`${name}: ${history.events?.length ?? 0} events`);
    }
  });
} finally {
  await worker.stop();
  await landing.close();
  await temporal.stop();
}
