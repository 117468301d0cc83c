import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const InstallLimitMs = 600_000;

/** What a peer is run with, or why it cannot be. */
export type Installed = { bin: string } | { reason: string };

/** The user's own folder of peers, which outlives the bench. */
export function peersFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'landfall', 'bench');
}

/**
 * A virtual environment with exactly these packages, made once for each user: peers' own dependencies quarrel when they
 * share one.
 *
 * @param packages pinned, as pip takes them
 * @returns the folder of its programs, or the end of what pip said
 */
export async function python(name: string, packages: readonly string[]): Promise<Installed> {
  const pins = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 12);
  const folder = join(peersFolder(), `${name}-${pins}`);
  const bin = join(folder, 'bin');
  const whole = join(folder, 'installed');
  if (existsSync(whole)) return { bin };
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(peersFolder(), { recursive: true });
    await run('python3', ['-m', 'venv', folder], { timeout: InstallLimitMs });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    await run(join(bin, 'python'), pip, { timeout: InstallLimitMs });
    await writeFile(whole, packages.join('\n'));
    return { bin };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const lines = (said || String(error)).trim().split('\n');
    return { reason: `does not install: ${lines.slice(-3).join(' ').slice(0, 400)}` };
  }
}
