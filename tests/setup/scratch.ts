import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';

/** Where Linux keeps files in memory. */
const InMemory = '/dev/shm';
/** What the tests keep there at most is 1 GiB; the rest is for what they run. */
const RoomBytes = 6 * 1024 ** 3;

/** What test runs that were killed could not remove. */
async function clear(): Promise<void> {
  for (const name of await readdir(InMemory)) {
    const [, pid] = /^landfall-tests-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(InMemory, name), { recursive: true, force: true });
  }
}

async function roomInMemory(): Promise<boolean> {
  const shm = await statfs(InMemory).catch(() => null);
  return shm !== null && Math.min(shm.bavail * shm.bsize, freemem()) >= RoomBytes;
}

/**
 * Temporary files of the tests go into memory where there is room: they make and remove databases of a thousand files by
 * the dozen, which takes twice as long on a disk. `LANDFALL_TEST_ON_DISK=1` keeps them where other temporary files are.
 */
export async function setup(): Promise<() => Promise<void>> {
  if (process.env['LANDFALL_TEST_ON_DISK'] || !(await roomInMemory())) return async () => {};
  await clear();
  const before = process.env['TMPDIR'];
  const folder = await mkdtemp(join(InMemory, `landfall-tests-${process.pid}-`));
  // Servers that tests start may run as another user.
  await chmod(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  return async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    await rm(folder, { recursive: true, force: true });
  };
}
