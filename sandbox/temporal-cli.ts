import { spawn } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LandfallError } from '../model/errors.ts';

/** The newest release that `go install` accepts: later ones carry replace directives. Server 1.29.1, UI 2.42.1. */
export const TemporalCliVersion = 'v1.5.1';

const DownloadLimitMs = 60_000;
const BuildLimitMs = 20 * 60_000;
const HeartbeatMs = 30_000;

type Log = (line: string) => void;
const fileName = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

async function onPath(): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const file = join(folder, fileName);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder: the next one.
    }
  }
  return null;
}

function cacheFile(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(base, 'landfall', 'temporal', TemporalCliVersion, fileName);
}

/** `null` when it worked, else the last lines of what it said. */
type Outcome = string | null;

interface Command {
  program: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  limitMs: number;
}

/** Runs a command in a process group of its own, so that a time-out ends whatever it started as well. */
async function attempt({ program, args, env, limitMs }: Command): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const listen = (text: Buffer): void => void (said = (said + text.toString()).slice(-600));
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    const kill = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    process.once('exit', kill);
    const timer = setTimeout(() => {
      said += `\nstopped after ${limitMs / 1000} s`;
      kill();
    }, limitMs);
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      process.removeListener('exit', kill);
      resolve(outcome);
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (code) => end(code === 0 ? null : said.trim() || `ended with ${code}`));
  });
}

/** The SDK fetches a server only on the way to starting one: so one is started, and ended at once. */
async function bySdk(folder: string): Promise<Outcome> {
  let library: string;
  try {
    library = import.meta.resolve('@temporalio/testing');
  } catch {
    return 'the package @temporalio/testing is not installed';
  }
  const executable = { type: 'cached-download', downloadDir: folder, version: TemporalCliVersion };
  const script = `
    import { TestWorkflowEnvironment } from ${JSON.stringify(library)};
    const server = await TestWorkflowEnvironment.createLocal(${JSON.stringify({ server: { executable } })});
    await server.teardown();`;
  const args = ['--input-type=module', '--eval', script];
  return attempt({ program: process.execPath, args, env: process.env, limitMs: DownloadLimitMs });
}

async function byGo(folder: string): Promise<Outcome> {
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
  const args = ['install', `github.com/temporalio/cli/cmd/temporal@${TemporalCliVersion}`];
  return attempt({ program: 'go', args, env, limitMs: BuildLimitMs });
}

const ways = [
  { name: 'download', announce: 'Downloading the Temporal server', run: bySdk },
  {
    name: 'go install',
    announce: 'Building the Temporal server with Go (about 3 minutes, once for this user)',
    run: byGo,
  },
] as const;

/** Fills the cache. What a way leaves in its own folder goes to its place by one rename, so nobody sees half a file. */
async function install(target: string, log: Log): Promise<void> {
  const cache = dirname(target);
  for (const entry of await readdir(cache)) {
    // Left by a process that was killed: whoever installs now holds the lock.
    if (entry.startsWith('install-')) await rm(join(cache, entry), { recursive: true, force: true });
  }
  const failures: string[] = [];
  for (const way of ways) {
    const folder = await mkdtemp(join(cache, 'install-'));
    const started = Date.now();
    log(`${way.announce} …`);
    const heartbeat = setInterval(() => {
      log(`… still at it after ${Math.round((Date.now() - started) / 1000)} s`);
    }, HeartbeatMs);
    try {
      const failure = await way.run(folder);
      const [file] = await readdir(folder);
      if (failure === null && file !== undefined) {
        await chmod(join(folder, file), 0o755);
        await rename(join(folder, file), target);
        return;
      }
      failures.push(`${way.name}: ${failure ?? 'it left no file'}`);
    } finally {
      clearInterval(heartbeat);
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw new LandfallError({
    code: 'sandbox.temporal-missing',
    kind: 'permanent',
    what: `There is no Temporal server on this machine, and it could not be fetched (${failures.join('; ')}).`,
    where: { path: target },
    hint:
      'Set TEMPORAL_ADDRESS to a server that runs, or put the `temporal` command on the PATH, or let this machine reach ' +
      'temporal.download, or install Go (1.24 or later) with a module proxy in reach, and start again.',
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Takes the lock, or says that somebody alive has it. One left behind by a process that died is removed. */
async function locked(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (holder > 0 && !alive(holder)) await rm(lock, { force: true });
    return false;
  }
}

/**
 * The `temporal` command: from the PATH, the user's cache, the SDK's download, or built with Go, in this order. The last
 * two fill the cache; processes that ask at the same time wait for the one that came first.
 *
 * @throws LandfallError `sandbox.temporal-missing` naming every remedy
 */
export async function temporalCli(log: Log): Promise<string> {
  const found = await onPath();
  if (found !== null) return found;
  const target = cacheFile();
  const lock = `${target}.lock`;
  await mkdir(dirname(target), { recursive: true });
  for (let waited = 0; ; waited += 1) {
    if (existsSync(target)) return target;
    if (await locked(lock)) break;
    if (waited === 0) log('Another process is installing the Temporal server; waiting for it …');
    await sleep(500);
  }
  try {
    // Between the look at the file and the lock, the one before may have finished.
    if (!existsSync(target)) await install(target, log);
    return target;
  } finally {
    await rm(lock, { force: true });
  }
}
