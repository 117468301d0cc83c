import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from '../../cli/runs.ts';
import { provideTemporal, type ProvidedTemporal } from '../../sandbox/temporal.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { makeLanding, type Landing } from './landing.ts';

/** Events after which this server suggests to continue as new; a real one does at 4,096. */
const Events = 100;

let temporal: ProvidedTemporal;
let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  temporal = await provideTemporal({
    log: () => {},
    own: true,
    searchAttributes,
    dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${Events}`],
  });
  landing = await makeLanding({
    temporal: temporal.address,
    only: ['organisation', 'contact', 'activity'],
    size: 2_000,
    options: { chunkRows: 30, entityFanOut: 2 },
  });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
});

afterAll(async () => {
  await worker.stop();
  await landing.close();
  await temporal.stop();
});

/** How often each workflow of a run was executed, under the name of what it does. */
async function executions(run: string): Promise<Map<string, number>> {
  return withClient(landing.loaded, async (client) => {
    const found = new Map<string, number>();
    for await (const { workflowId } of client.workflow.list({ query: `LandfallRun = '${run}'` })) {
      found.set(workflowId, (found.get(workflowId) ?? 0) + 1);
    }
    return found;
  });
}

test('a run and its entities continue as new again and again, and every row arrives once', async () => {
  const run = await landing.start();
  await landing.until(run, (now) => now.phase === 'sign-off');
  const report = await landing.report(run);
  expect(report.verdict).toBe('whole');
  for (const { part, accounting } of report.parts) {
    const { rows } = landing.facts;
    const due = part === 'consent' ? rows.contact : rows[part as keyof typeof rows];
    expect.soft(accounting.extracted, part).toBe(due);
    const { created, updated, unchanged, refused, blocked } = accounting;
    expect.soft(created + updated + unchanged + refused + blocked, part).toBe(accounting.ready);
  }
  const twice = await landing.target(`SELECT crm_legacyreference FROM crm_interactions GROUP BY 1 HAVING count(*) > 1`);
  expect(twice).toEqual([]);

  await landing.sign(run);
  await landing.until(run, (now) => now.phase === 'done');
  const times = await executions(run);
  expect(times.get(run)).toBeGreaterThanOrEqual(3);
  for (const step of ['extract/1', 'transform', 'load']) {
    expect.soft(times.get(`${run}/activity/${step}`), step).toBeGreaterThanOrEqual(2);
  }
});
