import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { RunStatus } from '../../model/run.ts';
import { install, landfallIn, typeErrors, type Said } from '../cli/new-project.ts';
import { typedIn } from '../docs/commands.ts';
import { readPages, root, type Block } from '../docs/pages.ts';
import { makeLanding, type Landing } from './landing.ts';

/*
 * Does what docs/guides/first-migration.md says, in its order: its commands, with the addresses of real systems in the
 * place of its examples. What stands before a block (`<!-- drive: … -->`) says what a reader does beside typing it.
 */

const pages = new Map(readPages().map((page) => [page.path, page]));
const blocks = pages.get('docs/guides/first-migration.md')?.blocks ?? [];
const secrets = { CRM_PASSWORD: 'landfall_reader_sandbox', CLOUD_SECRET: 'sandbox-secret' };
let landing: Landing;
let parent: string;
let project: string;
let worker: ChildProcess | null = null;
/** What `RUN` and `DIGEST` stand for by now. */
let run = '';

beforeAll(async () => {
  landing = await makeLanding({ temporal: inject('temporalAddress'), size: 600 });
  parent = await mkdtemp(join(tmpdir(), 'landfall-guide-'));
  project = join(parent, 'crm');
});

afterAll(async () => {
  await stopWorker();
  await landing.close();
  await rm(parent, { recursive: true, force: true });
});

/** The addresses of the page's examples, and what stands for them here. */
function here(word: string, digest: string): string {
  const { cloud, postgres } = landing;
  const exact: Record<string, string> = { RUN: run, DIGEST: digest };
  return (
    exact[word] ??
    word
      .replace('db.example.org', `127.0.0.1:${postgres.port}`)
      .replace('https://landfall@cloud.example.org/api/data/v9.2', cloud.url.replace('//', '//landfall@'))
      .replace('https://login.example.org/oauth2/v2.0/token', cloud.tokenUrl)
  );
}

const told = ({ told: comments }: Block): string | undefined => comments.get('drive');

async function status(): Promise<RunStatus> {
  const { out, err } = await landfallIn(project, ['--json', 'status', run], secrets);
  if (err !== '') throw new Error(err);
  return JSON.parse(out) as RunStatus;
}

/** Types the lines of a block, each of which must end well. @returns what the last one said */
async function typed(block: Block, cwd = project): Promise<Said> {
  const digest = run === '' ? '' : ((await status()).report?.digest ?? '');
  let said: Said = { code: 0, out: '', err: '' };
  for (const { words } of typedIn(block)) {
    if (words[0] !== 'landfall') throw new Error(`a reader would have to type ${words.join(' ')}`);
    said = await landfallIn(
      cwd,
      words.slice(1).map((word) => here(word, digest)),
      secrets,
    );
    expect(said, `${words.join(' ')}\n${said.out}${said.err}`).toMatchObject({ code: 0 });
  }
  return said;
}

async function stopWorker(): Promise<void> {
  if (!worker) return;
  const gone = once(worker, 'exit');
  worker.kill('SIGTERM');
  await gone;
}

/** The worker that a reader starts in another terminal, after having stopped the one before. */
async function startWorker(block: Block): Promise<void> {
  await stopWorker();
  const [line] = typedIn(block);
  const env = { ...process.env, ...secrets };
  const args = [join(root, 'cli', 'main.ts'), ...(line?.words.slice(1) ?? [])];
  const child = spawn(process.execPath, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'ignore'] });
  worker = child;
  for await (const said of createInterface(child.stdout)) if (said.startsWith('Working on')) break;
  child.stdout.resume();
}

/** Where the page has the reader edit the configuration: the server of these tests, on a queue of their own. */
async function useOwnServer(): Promise<void> {
  const file = join(project, 'landfall.config.ts');
  const config = await readFile(file, 'utf8');
  const temporal = `address: '${inject('temporalAddress')}', taskQueue: 'guide-${process.pid}'`;
  await writeFile(file, config.replace(`address: '127.0.0.1:7233'`, temporal));
}

/** Puts what the page shows for both connections into the configuration, and answers every question of the proposal. */
async function prepareForLive(edit: Block): Promise<void> {
  const file = join(project, 'landfall.config.ts');
  const config = await readFile(file, 'utf8');
  const completed = config
    .replace('export default', `${edit.text}\nexport default`)
    .replace(`kind: 'postgres',`, `kind: 'postgres', ...legacy,`)
    .replace(`kind: 'odata-v4',`, `kind: 'odata-v4', ...cloud,`);
  await writeFile(file, completed);
  const folder = join(project, 'blueprints', 'crm');
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    await writeFile(join(folder, name), text.replaceAll(/^\s*\/\/ decide:.*\n(?:\s*\/\/ {3}.*\n)*/gm, ''));
  }
  expect(await typeErrors(project)).toBe('');
}

/** Asks every query of the operator's guide of the server, while the run waits for its owner. */
async function askViews(): Promise<void> {
  const text = await readFile(join(root, 'docs/guides/operating.md'), 'utf8');
  const views = text.slice(text.indexOf('## Views to save'), text.indexOf('## What to do'));
  const queries = [...views.matchAll(/^\| ([^|]+?) +\| `([^`]+)` +\|$/gm)].map(([, name = '', query = '']) => ({
    name,
    query: query.replaceAll('RUN', run),
  }));
  expect(queries.length).toBeGreaterThan(10);
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const { workflow } = new Client({ connection });
  const found = new Map<string, string[]>();
  for (const { name, query } of queries) {
    const ids: string[] = [];
    for await (const one of workflow.list({ query })) ids.push(one.workflowId);
    found.set(name, ids);
  }
  await connection.close();
  for (const name of ['Runs', 'Open runs', 'Waiting for a person', 'Waiting for a signature', 'Everything of one run'])
    expect.soft(found.get(name), name).toContain(run);
  expect.soft(found.get('One entity of one run')).toContain(`${run}/organisation/load`);
  for (const name of ['At the quality gate', 'Ended without success', 'What one run is at work on'])
    expect.soft(found.get(name), name).not.toContain(run);
}

/** Looks at the run until it is where it should be; a failure ends the wait. */
async function until(reached: (now: RunStatus) => boolean | Promise<boolean>): Promise<void> {
  for (;;) {
    const now = await status();
    if (now.failure) throw new Error(`the run failed: ${JSON.stringify(now.failure)}`);
    if (await reached(now)) return;
    await sleep(1_000);
  }
}

/** On its way the run may wait at the gate: then the reader types what the page has for that. */
const untilSignOff = (gate: Block | undefined): Promise<void> =>
  until(async ({ waiting }) => {
    if (waiting?.on === 'quality-gate' && gate) await typed(gate);
    return waiting?.on === 'sign-off';
  });
const done = (): Promise<void> => until(({ phase }) => phase === 'done');

test('leads from two systems to a signed and switched migration', { timeout: 1_200_000 }, async () => {
  const gate = blocks.find((block) => told(block) === 'at the gate');
  const driven: string[] = [];
  const runs: string[] = [];
  let verified = '';
  for (const block of blocks.filter((one) => one.language === 'sh' || one.told.has('edit'))) {
    if (block.told.has('edit')) {
      await done();
      await prepareForLive(block);
      continue;
    }
    const how = told(block);
    driven.push(how ?? 'not told');
    if (how === '') await typed(block, driven.includes('install') ? project : parent);
    else if (how === 'install') {
      await install(project);
      await useOwnServer();
    } else if (how === 'owner') {
      await typed(block);
      await rename(join(project, 'olga.pub'), join(project, 'people', 'olga.pub'));
    } else if (how === 'worker') await startWorker(block);
    else if (how === 'run') {
      run = '';
      const { out } = await typed(block);
      run = /^Started (\S+) under plan/m.exec(out)?.[1] ?? '';
      runs.push(run);
      await untilSignOff(gate);
    } else if (how === 'owner signs') {
      await askViews();
      await typed(block);
    } else if (how === 'when done') {
      await done();
      verified = (await typed(block)).out;
    } else if (how !== 'at the gate' && how !== 'elsewhere' && how !== 'env') {
      throw new Error(`nobody knows how to drive the block in line ${block.line}: ${how}`);
    }
  }
  expect(runs).toEqual([
    expect.stringMatching(/^crm-rehearsal-\d{8}-\d{6}$/),
    expect.stringMatching(/^crm-live-\d{8}-\d{6}$/),
  ]);
  expect(verified).toContain(`holds ${runs[1]}`);
  expect(verified).toContain('The target was marked live');
  expect(driven.filter((one) => one === 'owner signs')).toHaveLength(2);
  const frozen = landing.legacy(
    `UPDATE crm.organisation SET name = name WHERE org_id = (SELECT min(org_id) FROM crm.organisation)`,
  );
  await expect(frozen).rejects.toThrow('read only');
});
