import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { decide, withClient } from '../../cli/runs.ts';
import type { Phase } from '../../model/run.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: ChildProcess;

function startWorkerProcess(): ChildProcess {
  return spawn(process.execPath, ['cli/main.ts', '-c', landing.configFile, 'worker'], { stdio: 'ignore' });
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

beforeAll(async () => {
  landing = await makeLanding({ temporal: inject('temporalAddress'), size: 1_000, options: { chunkRows: 100 } });
  worker = startWorkerProcess();
});

afterAll(async () => {
  await kill(worker);
  await landing.close();
});

test(
  'a worker killed once in each phase, and in a replay, loses no row and doubles none',
  { timeout: 400_000 },
  async () => {
    const run = await landing.start();
    const killed: Phase[] = [];
    for (const phase of ['extract', 'transform', 'load', 'reconcile'] as const) {
      const now = await landing.until(run, (one) => one.phase === phase || one.phase === 'sign-off');
      if (now.phase !== phase) continue;
      await kill(worker);
      killed.push(phase);
      worker = startWorkerProcess();
    }
    await landing.until(run, (now) => now.phase === 'sign-off');
    await kill(worker);
    killed.push('sign-off');
    worker = startWorkerProcess();
    expect(killed).toEqual(['extract', 'transform', 'load', 'reconcile', 'sign-off']);

    // And in the middle of a replay of what is held back.
    const key = join(landing.loaded.folder, 'emil.key');
    const asked = { run, person: 'emil', key, action: 'replay', decision: 'replay', about: null } as const;
    await withClient(landing.loaded, (client) => decide(client, asked));
    await landing.until(run, (now) => now.phase === 'load');
    await kill(worker);
    worker = startWorkerProcess();
    await landing.until(run, (now) => now.phase === 'sign-off' && now.replays[0]?.outcome === 'done');

    const report = await landing.report(run);
    expect(report.verdict).toBe('whole');
    expect(
      await landing.target(`SELECT crm_legacyreference FROM crm_interactions GROUP BY 1 HAVING count(*) > 1`),
    ).toEqual([]);
    expect(report.parts.find((one) => one.part === 'organisation')?.accounting.extracted).toBe(
      landing.facts.rows.organisation,
    );

    await landing.sign(run);
    await landing.until(run, (now) => now.phase === 'cut-over' || now.phase === 'done');
    await kill(worker);
    worker = startWorkerProcess();
    await landing.until(run, (now) => now.phase === 'done');
  },
);
