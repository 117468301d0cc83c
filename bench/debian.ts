import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { peersFolder, type Installed } from './python.ts';

const run = promisify(execFile);
const InstallLimitMs = 120_000;

/**
 * A program of Debian's package of the same name: from the PATH, else unpacked into the user's own folder of peers,
 * which takes no rights; the libraries that it wants must be there.
 */
export async function debian(name: string): Promise<Installed> {
  const folder = join(peersFolder(), `debian-${name}`);
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(folder, 'usr/bin')];
  const found = folders.find((one) => existsSync(join(one, name)));
  if (found !== undefined) return { bin: found };
  await mkdir(peersFolder(), { recursive: true });
  const work = await mkdtemp(join(peersFolder(), 'unpack-'));
  try {
    await run('apt-get', ['download', name], { cwd: work, timeout: InstallLimitMs });
    await run('/bin/sh', ['-c', 'dpkg -x ./*.deb unpacked'], { cwd: work, timeout: InstallLimitMs });
    const bin = join(work, 'unpacked/usr/bin');
    await run(join(bin, name), ['--version'], { timeout: InstallLimitMs });
    await rm(folder, { recursive: true, force: true });
    await rename(join(work, 'unpacked'), folder);
    return { bin: join(folder, 'usr/bin') };
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const lines = (said || String(error)).trim().split('\n');
    return { reason: `is not installed, and cannot be unpacked: ${lines.slice(-2).join(' ').slice(0, 300)}` };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
