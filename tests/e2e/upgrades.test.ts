import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { decide, withClient } from '../../cli/runs.ts';
import type { LoadedConfig } from '../../cli/config.ts';
import { promote } from '../../worker/builds.ts';
import { otherBuild, type OtherBuild } from '../replay/other-build.ts';
import { makeLanding, type Landing } from './landing.ts';

const today = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
let later: OtherBuild;
const landings: Landing[] = [];
const children: ChildProcess[] = [];

function work(landing: Landing, command: string, build?: string): ChildProcess {
  const named = build === undefined ? [] : ['--build', build];
  const child = spawn(process.execPath, [command, '-c', landing.configFile, 'worker', ...named], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function land(): Promise<Landing> {
  const temporal = inject('temporalAddress');
  const landing = await makeLanding({ temporal, size: 1_000, options: { chunkRows: 100, entityFanOut: 2 } });
  landings.push(landing);
  return landing;
}

async function pausing({ loaded }: Landing, run: string, action: 'pause' | 'resume'): Promise<void> {
  const key = join(loaded.folder, 'emil.key');
  await withClient(loaded, (one) => decide(one, { run, person: 'emil', key, action, decision: action, about: null }));
}

/** The builds whose workers decided for each workflow of a run, and the patches that it asked for. */
async function deciders(
  loaded: LoadedConfig,
  run: string,
): Promise<{ id: string; builds: string[]; patches: number }[]> {
  return withClient(loaded, async (client) => {
    const found = [];
    for await (const { workflowId, runId } of client.workflow.list({ query: `LandfallRun = '${run}'` })) {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const builds = new Set<string>();
      let patches = 0;
      for (const event of events ?? []) {
        const build = event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId;
        if (build) builds.add(build);
        if (event.markerRecordedEventAttributes) patches += 1;
      }
      found.push({ id: workflowId, builds: [...builds], patches });
    }
    return found;
  });
}

beforeAll(async () => {
  later = await otherBuild('patched');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const landing of landings) await landing.close();
  await later.close();
});

test('workers of a later release go on with a run that was begun before it', async () => {
  const landing = await land();
  const before = work(landing, today);
  const run = await landing.start();
  await landing.until(run, (now) => now.phase === 'load');
  await kill(before);
  work(landing, later.command);
  await landing.until(run, (now) => now.phase === 'sign-off');
  expect((await landing.report(run)).verdict).toBe('whole');
  await landing.sign(run);
  await landing.until(run, (now) => now.phase === 'done');
  const seen = await deciders(landing.loaded, run);
  expect(seen.find((one) => one.id === run)?.patches).toBeGreaterThan(0);
});

test(
  'where workers have builds, a run moves to the promoted one and what an entity began ends under its own',
  {
    timeout: 150_000,
  },
  async () => {
    const landing = await land();
    const promoted = (build: string): Promise<string | null> =>
      withClient(landing.loaded, (client) => promote(client, landing.loaded.config, build));
    const before = work(landing, today, 'one');
    expect(await promoted('one')).toBeNull();
    const run = await landing.start();
    await landing.until(run, (now) => now.phase === 'transform' || now.phase === 'load');
    // A build is promoted some seconds after its worker was started, in which a run may get to its end.
    await pausing(landing, run, 'pause');
    work(landing, later.command, 'two');
    expect(await promoted('two')).toBe('one');
    await pausing(landing, run, 'resume');
    await landing.until(run, (now) => now.phase === 'sign-off');
    // Nothing is left that began under the first.
    await kill(before);
    expect((await landing.report(run)).verdict).toBe('whole');
    await landing.sign(run);
    await landing.until(run, (now) => now.phase === 'done');

    const seen = await deciders(landing.loaded, run);
    expect(seen.find((one) => one.id === run)).toMatchObject({ builds: ['one', 'two'] });
    const steps = seen.filter((one) => one.id.split('/').length > 2 && !one.id.includes('/lease/'));
    for (const one of steps) expect.soft(one.builds, one.id).toHaveLength(1);
    expect(new Set(steps.flatMap((one) => one.builds))).toEqual(new Set(['one', 'two']));
  },
);

test('a build that no worker serves is not promoted, and the error says what to start', async () => {
  const [landing] = landings;
  if (!landing) throw new Error('no landing');
  const promoting = withClient(landing.loaded, (client) => promote(client, landing.loaded.config, 'three'));
  await expect(promoting).rejects.toMatchObject({
    code: 'worker.build-unknown',
    hint: expect.stringContaining('three'),
  });
});
