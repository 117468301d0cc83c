import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { decide, withClient } from '../../cli/runs.ts';
import { logFrom, startWorker, type RunningWorker } from '../../worker/worker.ts';
import { makeLanding, type Landing } from './landing.ts';

let landing: Landing;
let worker: RunningWorker;

beforeAll(async () => {
  logFrom('ERROR');
  landing = await makeLanding({
    temporal: inject('temporalAddress'),
    only: ['organisation', 'contact'],
    size: 400,
    variant: '({ ...entity, rejectLimit: 1 })',
  });
  worker = await startWorker(landing.loaded.config, landing.loaded.folder);
});
afterAll(async () => {
  await worker.stop();
  await landing.close();
});

interface Said {
  code: number;
  out: string;
  err: string;
}

const key = (person: string): string[] => ['--as', person, '--key', join(landing.loaded.folder, `${person}.key`)];
const args = (words: readonly string[]): string[] => ['cli/main.ts', '-c', landing.configFile, ...words];

function landfall(...words: string[]): Promise<Said> {
  return new Promise((ended) => {
    execFile(process.execPath, args(words), { maxBuffer: 1 << 26 }, (error, out, err) =>
      ended({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

/** What a command prints with `--json`: one document, whatever comes of it. */
async function json<T>(...words: string[]): Promise<T> {
  const { out } = await landfall(...words, '--json');
  return JSON.parse(out) as T;
}

describe('a run whose output goes into a file', () => {
  const run = 'crm-watched';

  test('is told line by line, with the time, without control characters, down to what comes next', async () => {
    const said = await landfall('run', 'crm', '--as', 'emil', '--id', run, '--watch');
    expect(said).toMatchObject({ code: 0, err: '' });
    expect(said.out).not.toContain('\u001b');
    const timed = said.out.split('\n').filter((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ /.test(line));
    expect(timed.map((line) => line.slice(21))).toEqual(expect.arrayContaining(['phase load', 'phase sign-off']));
    expect(timed.at(-1)).toContain('waits for sign-off by olga');
    expect(new Set(timed.map((line) => line.slice(21))).size).toBe(timed.length);
    expect(said.out).toMatch(/landfall sign-off crm-watched --report [0-9a-f]{16} --as olga --key FILE/);
  });

  test('is told as one document by every command that prints', async () => {
    const folder = landing.loaded.folder;
    expect(await json('check')).toMatchObject([{ migration: 'crm', ready: true }]);
    expect(await json('status')).toMatchObject([{ run, migration: 'crm', waiting: 'sign-off', state: 'running' }]);
    const now = await json<{ report: { digest: string } }>('status', run);
    expect(now).toMatchObject({ run, phase: 'sign-off', waiting: { who: ['olga'] } });
    expect(await json('report', run)).toMatchObject({ digest: now.report.digest, report: { verdict: 'whole' } });
    expect(await json('rejects', run)).toEqual(expect.any(Array));
    expect(await json('pause', run, ...key('emil'))).toMatchObject({ decision: 'pause', person: 'emil' });
    expect(await json('resume', run, ...key('emil'))).toMatchObject({ decision: 'resume' });
    const signed = await json('sign-off', run, '--report', now.report.digest, ...key('olga'));
    expect(signed).toMatchObject({ decision: 'signed', person: 'olga' });
    await landing.until(run, (one) => one.phase === 'done');
    expect(await json('status', run, '--watch')).toMatchObject({ phase: 'done' });
    expect(await json('verify', run)).toMatchObject({ decisions: 3, problems: [] });
    expect(await json('rekey')).toMatchObject({ runs: 1 });
    expect(await json('keys', join(folder, 'nina'))).toMatchObject({ privateKey: join(folder, 'nina.key') });
    expect(await json('run', 'crm', '--as', 'emil', '--id', 'crm-next')).toMatchObject({
      run: 'crm-next',
      problems: [],
    });
  });
});

describe('a run that is at work', () => {
  let run: string;
  beforeAll(async () => {
    run = await landing.start({ mode: 'rehearsal' });
    const pause = {
      run,
      person: 'emil',
      key: join(landing.loaded.folder, 'emil.key'),
      action: 'pause',
      decision: 'pause',
    } as const;
    await withClient(landing.loaded, (client) => decide(client, { ...pause, about: null }));
  });

  test('goes on when the one who watches it presses Ctrl-C, and says how to come back', async () => {
    const child = spawn(process.execPath, args(['status', run, '--watch']), { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    const ended = once(child, 'exit');
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      if (lines.length === 1) child.kill('SIGINT');
    }
    expect(await ended).toEqual([130, null]);
    expect(lines.at(-1)).toContain('the run goes on');
    expect(lines.at(-1)).toContain(`landfall status ${run} --watch`);
    expect(await landing.status(run)).toMatchObject({ paused: true, phase: expect.not.stringMatching('aborted') });
  });

  test('refuses a decision for which it is not the time, and says where to look', async () => {
    const said = await landfall('gate', run, '--decision', 'load', ...key('emil'));
    expect(said).toMatchObject({ code: 1, out: '' });
    expect(said.err).toContain('error decision.not-now: The run does not wait at the quality gate.');
    expect(said.err).toContain('do:    Look at `landfall status`');
  });
});
