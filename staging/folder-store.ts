import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, opendir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { LandfallError } from '../model/errors.ts';
import type { Store } from './store.ts';

const hints: Record<string, [string, 'permanent' | 'transient', string]> = {
  ENOSPC: ['staging.full', 'transient', 'Free space there; the run goes on by itself.'],
  EDQUOT: ['staging.full', 'transient', 'Raise the quota; the run goes on by itself.'],
  EACCES: ['staging.denied', 'permanent', 'Give the worker’s account write access to the folder.'],
  EPERM: [
    'staging.denied',
    'permanent',
    'Give the worker’s account write access; the file system must allow hard links.',
  ],
  EROFS: ['staging.denied', 'permanent', 'The file system is mounted read-only: name another folder.'],
  ENOTDIR: ['staging.folder', 'permanent', 'A part of the path is a file: name another folder.'],
  ENOTSUP: ['staging.folder', 'permanent', 'The file system has no hard links: use a local disk.'],
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function translated(error: unknown, folder: string, path: string): unknown {
  const [code, kind, hint] = hints[codeOf(error)] ?? [];
  if (code === undefined || kind === undefined || hint === undefined) return error;
  const what = `Staging cannot be written or read (${codeOf(error)}).`;
  return new LandfallError({ code, kind, what, where: { folder, path }, hint, cause: error });
}

function gone(folder: string, path: string): LandfallError {
  return new LandfallError({
    code: 'staging.gone',
    kind: 'permanent',
    what: 'A staged object is not there any more.',
    where: { folder, path },
    hint: 'Restore it from a backup of the staging folder, or start the run anew.',
  });
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and its parents, each of them durable. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true }).catch(async (error: unknown) => {
    // Node reports a read-only file system as ENOENT when it makes folders recursively; one level tells the truth.
    if (codeOf(error) === 'ENOENT' && error instanceof Error && 'path' in error) await mkdir(String(error.path));
    throw error;
  });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function* filesUnder(folder: string): AsyncGenerator<string> {
  let entries;
  try {
    entries = await opendir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  for await (const entry of entries) {
    const full = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(full);
    else if (entry.isFile()) yield full;
  }
}

/**
 * A store in a folder on a local disk. An object appears under its name whole or not at all: it is written to a
 * temporary file, synced, and linked; `link()` fails when the name is taken, which makes it put-if-absent.
 */
export function folderStore(folder: string): Store {
  const root = resolve(folder);
  const temporaries = join(root, '.tmp');

  const at = (path: string): string => {
    const full = resolve(root, path);
    if (!full.startsWith(root + sep) || path.includes('\0')) {
      throw new LandfallError({
        code: 'staging.path',
        kind: 'permanent',
        what: 'A staged path leads out of the staging folder.',
        where: { folder: root },
        hint: 'This is a defect in Landfall: please report it.',
      });
    }
    return full;
  };

  const guarded = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translated(error, root, path);
    }
  };

  const settle = async (path: string, write: (temporary: string) => Promise<void>): Promise<'created' | 'exists'> => {
    const target = at(path);
    const temporary = join(temporaries, `${process.pid}-${randomBytes(8).toString('hex')}`);
    return guarded(path, async () => {
      await makeFolder(temporaries);
      try {
        await write(temporary);
        const handle = await open(temporary, 'r');
        await handle.sync().finally(() => handle.close());
        await makeFolder(dirname(target));
        const outcome = await link(temporary, target).then(
          () => 'created' as const,
          (error: unknown) => {
            if (codeOf(error) === 'EEXIST') return 'exists' as const;
            throw error;
          },
        );
        // Whoever comes second relies on the winner's object too, and the winner may have died before this line.
        await syncFolder(dirname(target));
        return outcome;
      } finally {
        await rm(temporary, { force: true });
      }
    });
  };

  return {
    name: root,
    localFolder: root,
    put: (path, bytes) =>
      settle(path, async (temporary) => {
        const handle = await open(temporary, 'wx');
        await handle.writeFile(bytes).finally(() => handle.close());
      }),
    putFile: (path, localFile) => settle(path, (temporary) => copyFile(localFile, temporary)),
    get: (path) =>
      guarded(path, async () => {
        try {
          return await readFile(at(path));
        } catch (error) {
          throw codeOf(error) === 'ENOENT' ? gone(root, path) : error;
        }
      }),
    async open(path) {
      await this.localFile(path);
      return createReadStream(at(path));
    },
    async *list(prefix) {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      try {
        for await (const full of filesUnder(folder === '' ? root : at(folder))) {
          const path = relative(root, full).split(sep).join('/');
          if (!path.startsWith(prefix) || full.startsWith(temporaries + sep)) continue;
          const info = await stat(full).catch(() => null);
          if (info) yield { path, bytes: info.size, modifiedAt: info.mtime };
        }
      } catch (error) {
        throw translated(error, root, prefix);
      }
    },
    delete: (path) =>
      guarded(path, async () => {
        try {
          await unlink(at(path));
        } catch (error) {
          if (codeOf(error) !== 'ENOENT') throw error;
        }
      }),
    localFile: (path) =>
      guarded(path, async () => {
        try {
          await stat(at(path));
          return at(path);
        } catch (error) {
          throw codeOf(error) === 'ENOENT' ? gone(root, path) : error;
        }
      }),
  };
}
