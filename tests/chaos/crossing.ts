import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decide, withClient, withSystem } from '../../cli/runs.ts';
import { readLedger, readRecords } from '../../activities/documents.ts';
import type { Report } from '../../model/report.ts';
import { Step, type RunStatus } from '../../model/run.ts';
import { startWork } from '../../sandbox/legacy-crm/writer.ts';
import { provideTemporal, type ProvidedTemporal } from '../../sandbox/temporal.ts';
import { referencedPaths, type AcceptedManifest } from '../../staging/collect.ts';
import { readEvidence } from '../../staging/evidence.ts';
import { records } from '../../workflows/messages.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { makeLanding, type Landing } from '../e2e/landing.ts';
import { contentsOf, type Contents } from './contents.ts';
import { inWords, type Blow, type Storm } from './storm.ts';
import { openWire, type Wire } from './wire.ts';

/** What a crossing ended with. */
export interface Landed {
  report: Report;
  contents: Contents;
  /** Staged files of steps that nothing refers to, after collection. */
  orphans: string[];
  /** The run's phase in the end, and why it failed. */
  ended: RunStatus;
  /** Records of evidence, whose chain held. */
  evidence: number;
  struck: number;
  /** Whether the source takes writes, and the target is marked live. */
  sourceWritable: boolean;
  marked: boolean;
  seconds: number;
}

/** How long a crossing may take once its systems are up, in milliseconds: longer is a hang. */
const LongestMs = 480_000;

/** The package as it is built: a worker that starts is at work at once, with no workflows to bundle. */
const Command = 'dist/cli/main.js';

class Crew {
  readonly #file: string;
  readonly #crew: (ChildProcess | null)[] = [];
  #over = false;
  said = '';

  constructor(configFile: string) {
    this.#file = configFile;
  }

  hire(place: number): void {
    if (this.#over) return;
    const child = spawn(process.execPath, [Command, '-c', this.#file, 'worker'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const hear = (text: Buffer): void => void (this.said = (this.said + text.toString()).slice(-20_000));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    this.#crew[place] = child;
    // A worker whose server is gone when it starts says so and ends: an operator's service manager starts it again.
    child.once('exit', () => {
      if (this.#crew[place] === child) setTimeout(() => this.#crew[place] === child && this.hire(place), 300);
    });
  }

  async kill(place: number): Promise<void> {
    const child = this.#crew[place];
    this.#crew[place] = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async dismiss(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#crew.map((_one, place) => this.kill(place)));
  }
}

/** A Temporal server whose process can be killed and started again on its database. */
class Coordinator {
  #server: ProvidedTemporal | null = null;
  readonly #dbFile: string;
  #port = 0;

  constructor(folder: string) {
    this.#dbFile = join(folder, 'temporal.db');
  }

  async up(): Promise<string> {
    this.#server = await provideTemporal({
      log: () => {},
      own: true,
      dbFile: this.#dbFile,
      durable: false,
      searchAttributes,
      ...(this.#port === 0 ? {} : { port: this.#port }),
    });
    this.#port = Number(this.#server.address.split(':')[1]);
    return this.#server.address;
  }

  async down(abruptly: boolean): Promise<void> {
    if (abruptly && this.#server?.pid) process.kill(this.#server.pid, 'SIGKILL');
    await this.#server?.stop().catch(() => {});
  }
}

/** Asks again while the server is away. */
async function insist<T>(work: () => Promise<T>, until: number): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(200);
    }
  }
}

/** Milliseconds between two looks at a run. */
const LookMs = 250;

/** Asks for a run's status all the time: asked while every worker is down, an answer may take its while. */
function watching(now: () => Promise<RunStatus>): { last(): RunStatus | null; stop(): Promise<void> } {
  let last: RunStatus | null = null;
  const over = new AbortController();
  const asking = (async () => {
    for (; !over.signal.aborted; await sleep(LookMs)) last = await now().catch(() => last);
  })();
  return {
    last: () => last,
    stop() {
      over.abort();
      return asking;
    },
  };
}

const StepFile = new RegExp(`/(?:${Step.options.join('|')})/\\d{8}-`);

async function orphansOf(landing: Landing, run: string, until: number): Promise<string[]> {
  const known = await insist(
    () => withClient(landing.loaded, (client) => client.workflow.getHandle(run).query(records)),
    until,
  );
  return withSystem(landing.loaded, async (system) => {
    const staging = await system.staging(run);
    const accepted: AcceptedManifest[] = [];
    const entities = { ...(known.staged === null ? {} : await readRecords(staging, known.staged)), ...known.since };
    for (const [entity, { ledgers }] of Object.entries(entities)) {
      for (const [step, ledger] of Object.entries(ledgers)) {
        const of = { entity, step: Step.parse(step) };
        for (const [chunk, digest] of await readLedger(staging, of, ledger)) accepted.push({ ...of, chunk, digest });
      }
    }
    const referenced = await referencedPaths(staging, accepted);
    const orphans: string[] = [];
    for await (const { path } of staging.store.list(`runs/${run}/`)) {
      if (StepFile.test(path) && !referenced.has(path)) orphans.push(path);
    }
    return orphans;
  });
}

/**
 * Moves a small CRM from start to switch while a storm rages.
 *
 * @param storm what goes wrong; with no blows and one worker, the calm crossing that others are compared with
 */
export async function cross(storm: Storm, of: { log?: (line: string) => void } = {}): Promise<Landed> {
  const log = of.log ?? (() => {});
  const folder = await mkdtemp(join(tmpdir(), 'landfall-storm-'));
  const temporal = new Coordinator(folder);
  const wires: { legacy: Wire; cloud: Wire } = { legacy: await openWire(), cloud: await openWire() };
  const landing = await makeLanding({
    temporal: await temporal.up(),
    size: storm.size,
    // Of few rows, those that are held back are a larger share.
    variant: '{ ...entity, rejectLimit: 0.3 }',
    largeAttachments: storm.large,
    wires,
    settlingMs: 3_500,
    options: { chunkRows: 60, collectGraceMs: 0, retryLongestMs: 2_000 },
  });
  const began = Date.now();
  const until = began + LongestMs;
  const crew = new Crew(landing.configFile);
  const strike: Strike = { landing, wires, temporal, crew };
  let struck = 0;
  try {
    for (let place = 0; place < storm.workers; place += 1) crew.hire(place);
    const run = await landing.start({ run: `storm-${storm.seed}` });
    const now = (): Promise<RunStatus> => insist(() => landing.status(run), until);
    const reached = async (done: (one: RunStatus) => boolean): Promise<RunStatus> => {
      for (;;) {
        const one = await now();
        if (done(one) || one.phase === 'aborted') return one;
        if (Date.now() > until) throw new Error(`the run hangs in ${one.phase}: ${JSON.stringify(one.waiting)}`);
        await sleep(LookMs);
      }
    };
    const work = storm.writing
      ? await startWork({ url: landing.postgres.url('legacy_crm'), seed: storm.seed, perSecond: 10 })
      : null;

    // What is done once all blows have been struck: until then a run that waits for its owner replays its rejects.
    const key = join(landing.loaded.folder, 'emil.key');
    const watch = watching(now);
    while (storm.blows.length > 0 && watch.last() === null && Date.now() < until) await sleep(50);
    for (const blow of storm.blows) {
      await sleep(blow.afterMs);
      const one = watch.last();
      if (one?.phase === 'aborted') break;
      if (one?.phase === 'sign-off' && one.waiting !== null) {
        const asked = { run, person: 'emil', key, action: 'replay', decision: 'replay', about: null } as const;
        await insist(() => withClient(landing.loaded, (client) => decide(client, asked)), until).catch(() => {});
      }
      log(`${one?.phase ?? 'not asked yet'}: ${inWords(blow)}`);
      await deal(strike, blow);
      struck += 1;
    }
    await watch.stop();
    landing.cloud.setFaults({ rules: [] });
    const waiting = await reached((one) => one.phase === 'sign-off' && one.waiting !== null);
    if (waiting.phase === 'aborted') throw new Error(`the run failed: ${JSON.stringify(waiting.failure)}`);
    await work?.stop();
    const report = await insist(() => landing.report(run), until);
    await insist(() => landing.sign(run), until);
    const ended = await reached((one) => one.phase === 'done' || one.phase === 'aborted');
    const evidence = await withSystem(landing.loaded, async (system) => readEvidence(await system.staging(run)));
    const [refused] = await landing.legacy<{ refused: boolean }>('SELECT crm.writes_are_refused() AS refused');
    const marks = await landing.target('SELECT 1 FROM crm_settings');
    return {
      report,
      contents: await contentsOf(landing),
      orphans: ended.phase === 'done' ? await orphansOf(landing, run, until) : [],
      ended,
      evidence: evidence.length,
      struck,
      sourceWritable: refused?.refused !== true,
      marked: marks.length > 0,
      seconds: (Date.now() - began) / 1000,
    };
  } catch (error) {
    throw new Error(`storm ${storm.seed}: ${(error as Error).message}\n${crew.said.slice(-4_000)}`, { cause: error });
  } finally {
    await crew.dismiss();
    await Promise.all([wires.legacy.close(), wires.cloud.close()]);
    await landing.close();
    await temporal.down(false);
    await rm(folder, { recursive: true, force: true });
  }
}

interface Strike {
  landing: Landing;
  wires: { legacy: Wire; cloud: Wire };
  temporal: Coordinator;
  crew: Crew;
}

async function deal({ landing, wires, temporal, crew }: Strike, blow: Blow): Promise<void> {
  switch (blow.kind) {
    case 'kill-worker':
      await crew.kill(blow.worker);
      await sleep(blow.downMs);
      return crew.hire(blow.worker);
    case 'restart-temporal':
      await temporal.down(blow.abruptly);
      await sleep(blow.downMs);
      return void (await temporal.up());
    case 'end-source-sessions':
      return void (await landing.legacy(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'landfall_reader'`,
      ));
    case 'drop':
      return wires[blow.side].drop(blow.ms);
    case 'stall':
      return wires[blow.side].stall(blow.ms);
    case 'half-close':
      return wires[blow.side].halfClose();
    case 'cut-upload':
      return wires.cloud.cutAfter(blow.bytes);
    case 'target-fault':
      return landing.cloud.setFaults({ seed: blow.afterMs, rules: [blow.fault] });
  }
}
