import { spawn } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { LandfallError } from '../model/errors.ts';

/** The newest release that `go install` accepts: later ones carry replace directives. Server 1.29.1, UI 2.42.1. */
export const TemporalCliVersion = 'v1.5.1';

const DownloadLimitMs = 60_000;
const BuildLimitMs = 15 * 60_000;
const HeartbeatMs = 30_000;

type Log = (line: string) => void;
const fileName = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

async function executable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function onPath(name: string): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await executable(join(folder, name)))) return join(folder, name);
  }
  return null;
}

function cached(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(base, 'landfall', 'temporal', TemporalCliVersion, fileName);
}

interface Attempt {
  ok: boolean;
  /** The last lines of what the command said. */
  said: string;
}

/** Runs a command in a process group of its own, so that a time-out ends whatever it started as well. */
async function attempt(command: string, args: string[], env: NodeJS.ProcessEnv, limitMs: number): Promise<Attempt> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const listen = (text: Buffer): void => void (said = (said + text.toString()).slice(-1500));
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
    const end = (ok: boolean): void => {
      clearTimeout(timer);
      process.removeListener('exit', kill);
      resolve({ ok, said: said.trim() });
    };
    child.once('error', (error) => {
      said += error.message;
      end(false);
    });
    child.once('close', (code) => end(code === 0));
  });
}

/** The SDK downloads the server it is tested with; it does so only when asked to start one. */
async function bySdk(folder: string): Promise<Attempt> {
  const server = { executable: { type: 'cached-download', downloadDir: folder, version: TemporalCliVersion } };
  const script = `
    import { TestWorkflowEnvironment } from '@temporalio/testing';
    const server = await TestWorkflowEnvironment.createLocal(${JSON.stringify({ server })});
    await server.teardown();`;
  const args = ['--input-type=module', '--eval', script];
  // The script is resolved as if it lay in the working folder, which must therefore be the project's.
  const here = dirname(dirname(fileURLToPath(import.meta.url)));
  return attempt(process.execPath, ['-C', 'default', ...args], { ...process.env, INIT_CWD: here }, DownloadLimitMs);
}

async function byGo(folder: string): Promise<Attempt> {
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '', CGO_ENABLED: '0' };
  return attempt('go', ['install', `github.com/temporalio/cli/cmd/temporal@${TemporalCliVersion}`], env, BuildLimitMs);
}
