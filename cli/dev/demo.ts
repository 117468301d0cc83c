import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readReportPage } from '../../activities/reports.ts';
import type { RunStatus } from '../../model/run.ts';
import { startCloudCrm } from '../../sandbox/cloud-crm/index.ts';
import { createLegacyCrm } from '../../sandbox/legacy-crm/index.ts';
import { startPostgres } from '../../sandbox/postgres.ts';
import { provideTemporal } from '../../sandbox/temporal.ts';
import { logFrom, startWorker } from '../../worker/worker.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import type { LoadedConfig } from '../config.ts';
import { demoConfig } from './demo-config.ts';
import { bold, dim, green, problemText, red, say, yellow } from '../print.ts';
import { rejectsCsv } from '../rejects.ts';
import { runView } from '../run-view.ts';
import { follow, isSettled } from '../watch.ts';
import { checkMigration, decide, heldRows, startRun, withClient, withSystem } from '../runs.ts';

/** What the demo remembers between starts. */
const State = z.object({ run: z.string(), size: z.number(), finished: z.boolean() });
type State = z.infer<typeof State>;

interface DemoOptions {
  yes?: boolean;
  exit?: boolean;
  fresh?: boolean;
  size: number;
}

/** Root's PostgreSQL runs as another account, which must be able to reach its data. */
function dataFolder(folder: string): string {
  if (process.getuid?.() !== 0) return join(folder, 'postgres');
  for (let at = dirname(folder); at !== dirname(at); at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return join(tmpdir(), 'landfall-demo-postgres');
  }
  return join(folder, 'postgres');
}

async function readState(file: string): Promise<State | null> {
  try {
    return State.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

/** What others in a terminal use to talk to the demo. */
async function writeConfigFile(loaded: LoadedConfig): Promise<string> {
  const file = join(loaded.folder, 'landfall.config.mjs');
  await writeFile(
    file,
    `// Written by the demo; valid while it is up.\nexport default ${JSON.stringify(loaded.config, null, 2)};\n`,
  );
  return file;
}

/** Stops what was started, last first, however the demo ends. */
class Cleanup {
  readonly #steps: [name: string, stop: () => Promise<void>][] = [];

  add(name: string, stop: () => Promise<void>): void {
    this.#steps.unshift([name, stop]);
  }

  async run(): Promise<void> {
    for (const [name, stop] of this.#steps.splice(0)) {
      await stop().catch((error: unknown) => say(dim(`${name} did not stop cleanly: ${String(error)}`)));
    }
  }
}

class Interrupted extends Error {}

/** Draws a run until it waits for somebody or ends. */
async function followed(
  loaded: LoadedConfig,
  run: string,
  signal: AbortSignal,
  until: (now: RunStatus) => boolean,
): Promise<RunStatus> {
  const view = await runView(process.stdout);
  try {
    const now = await withClient(loaded, (client) => follow(client, run, { view, until, signal }));
    if (signal.aborted) throw new Interrupted();
    return now;
  } finally {
    view.end();
  }
}

/** Brings up everything a migration needs on this machine, and runs the CRM's move live. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const folder = resolve('.landfall/demo');
  const stateFile = join(folder, 'state.json');
  const stopping = new AbortController();
  const cleanup = new Cleanup();
  const interrupt = (): void => {
    if (stopping.signal.aborted) return;
    say(`\n${yellow('Stopping …')} run \`npm run demo\` again to go on where it stopped.`);
    stopping.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await demo(options, folder, stateFile, cleanup, stopping.signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  } finally {
    await cleanup.run();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

async function demo(
  options: DemoOptions,
  folder: string,
  stateFile: string,
  cleanup: Cleanup,
  signal: AbortSignal,
): Promise<void> {
  const data = dataFolder(folder);
  let state = await readState(stateFile);
  const resumes = state !== null && !state.finished && !options.fresh && existsSync(join(data, 'PG_VERSION'));
  if (!resumes) {
    await rm(folder, { recursive: true, force: true });
    await rm(data, { recursive: true, force: true });
    state = null;
  }
  await mkdir(folder, { recursive: true });
  logFrom('ERROR');

  say(
    dim(
      resumes
        ? 'Going on with the run that was interrupted …'
        : 'Bringing up a legacy CRM, a cloud CRM, Temporal and a worker …',
    ),
  );
  const log = (line: string): void => say(dim(line));
  const temporal = await provideTemporal({ log, uiPort: 0, dbFile: join(folder, 'temporal.db'), searchAttributes });
  cleanup.add('Temporal', () => temporal.stop());
  const postgres = await startPostgres({ dataDir: data });
  cleanup.add('PostgreSQL', () => postgres.stop());
  if (!resumes) {
    await postgres.createDatabase('legacy_crm');
    await postgres.createDatabase('cloud_crm');
    const facts = await createLegacyCrm({
      url: postgres.url('legacy_crm'),
      seed: 1,
      size: options.size,
      largeAttachments: 1,
    });
    const rows = Object.values(facts.rows).reduce((sum, n) => sum + n, 0);
    say(
      dim(
        `The legacy CRM holds ${rows.toLocaleString('en-GB')} rows and ${facts.planted.attachments} attachments, dirt included.`,
      ),
    );
  }
  const cloud = await startCloudCrm({ databaseUrl: postgres.url('cloud_crm'), limits: { requestsPerWindow: 60_000 } });
  cleanup.add('Cloud CRM', () => cloud.stop());
  const loaded = await demoConfig(folder, {
    temporal: temporal.address,
    taskQueue: 'landfall-demo',
    legacy: postgres,
    cloud,
  });
  const configFile = await writeConfigFile(loaded);
  const worker = await startWorker(loaded.config, loaded.folder, { log });
  cleanup.add('Worker', () => worker.stop());
  if (signal.aborted) throw new Interrupted();

  const started = Date.now();
  let run = state?.run ?? '';
  if (!resumes) {
    run = `crm-live-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
    await withSystem(loaded, async (system) => {
      const { plan, problems } = await checkMigration(loaded, system, 'crm', 'live');
      for (const problem of problems) say(problemText(problem));
      if (!plan) throw new Error('the demo’s own blueprint does not pass its check');
      await withClient(loaded, (client) => startRun(loaded, system, client, { plan, run, startedBy: 'emil' }));
    });
    await writeFile(stateFile, JSON.stringify({ run, size: options.size, finished: false }));
  }
  const link = temporal.uiUrl === null ? null : `${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/${run}`;
  if (link !== null) say(dim(`Temporal UI: ${link}`));
  say();

  let now = await followed(loaded, run, signal, isSettled);
  const files = await writeFiles(loaded, folder, run, now);
  if (now.waiting?.on === 'sign-off' && now.report) {
    const digest = now.report.digest.slice(0, 16);
    say();
    say(
      `The report is ${now.report.verdict === 'whole' ? green('whole') : red(now.report.verdict)} and waits for its owner: ${files.report ?? ''}`,
    );
    const command = `npx landfall -c ${configFile} sign-off ${run} --report ${digest} --as olga --key ${join(folder, 'olga.key')}`;
    const whole = now.report.verdict === 'whole';
    if (!whole) say('A report that is not «whole» cannot be signed; refusing it ends the run.');
    const signs = whole && (options.yes === true || (await asks(signal, command)));
    if (signs) {
      const about = now.report.digest;
      const key = join(folder, 'olga.key');
      await withClient(loaded, (client) =>
        decide(client, { run, person: 'olga', key, action: 'sign-off', decision: 'signed', about }),
      );
      say(`Signed as ${bold('Olga Owner')}.`);
    }
    if (!whole && options.exit) process.exitCode = 4;
    else now = await followed(loaded, run, signal, (one) => one.phase === 'done' || one.phase === 'aborted');
  }
  await writeFile(stateFile, JSON.stringify({ run, size: options.size, finished: true }));
  say();
  say(
    now.phase === 'done'
      ? green(`Done in ${Math.round((Date.now() - started) / 1000)} s.`)
      : red(`The run ended in phase ${now.phase}.`),
  );
  if (now.failure) say(problemText({ ...now.failure, where: {}, severity: 'error' }));
  if (link !== null) say(`  Temporal UI  ${link}`);
  for (const [name, path] of Object.entries(files)) if (path !== null) say(`  ${name.padEnd(11)}  ${path}`);
  say(`  Cloud CRM    ${cloud.url}`);
  say(`  Config       ${configFile}`);
  if (now.phase !== 'done') process.exitCode = 1;
  if (options.exit) return;
  say(dim('Everything stays up to explore. Ctrl-C stops it.'));
  while (!signal.aborted) await sleep(60_000, undefined, { signal }).catch(() => {});
}

/** Asks at a terminal; elsewhere says how to sign, and waits for it to be done from outside. */
async function asks(signal: AbortSignal, command: string): Promise<boolean> {
  say(`To sign from another terminal:\n  ${command}`);
  if (!process.stdin.isTTY) return false;
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await prompt.question('Sign now as the demo’s owner? [Y/n] ', { signal });
    return !/^n/i.test(answer.trim());
  } catch {
    throw new Interrupted();
  } finally {
    prompt.close();
  }
}

async function writeFiles(
  loaded: LoadedConfig,
  folder: string,
  run: string,
  now: RunStatus,
): Promise<{ report: string | null; rejects: string | null }> {
  return withSystem(loaded, async (system) => {
    const staging = await system.staging(run);
    let report: string | null = null;
    if (now.report) {
      report = join(folder, 'report.html');
      await writeFile(report, await readReportPage(staging, now.report.digest));
    }
    const rejects = join(folder, 'rejects.csv');
    await writeFile(rejects, rejectsCsv(await heldRows(loaded, run, { reveal: false })), { mode: 0o600 });
    return { report, rejects };
  });
}
