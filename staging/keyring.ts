import { createHash, randomBytes } from 'node:crypto';
import { LandfallError } from '../model/errors.ts';
import { decrypt, encrypt } from './cipher.ts';
import type { Store } from './store.ts';

/** Data keys of one run, each wrapped by the master key. Disposing of data is deleting its key. */
export interface Keyring {
  /** The key of that name, made when it is first asked for. 32 bytes. */
  key(name: string): Promise<Buffer>;
  /**
   * The key of that name, for reading what it encrypted: never made anew.
   *
   * @throws LandfallError `staging.key-gone`
   */
  existing(name: string): Promise<Buffer>;
  /**
   * Deletes every wrapped copy: what the key encrypted can never be read again, and no key of that name is ever made
   * again in this run. A worker that has the key in memory keeps it until it is restarted.
   */
  dispose(name: string): Promise<void>;
  /** Adds a copy of every key under another master key, so that the old one can be retired. */
  rewrap(nextMaster: Uint8Array): Promise<void>;
}

/** Names a master key without giving it away. */
export function masterKeyId(master: Uint8Array): string {
  return createHash('sha256').update('landfall master key').update(master).digest('hex').slice(0, 16);
}

/** The object that stands where a disposed key's copies were. */
const Disposed = 'disposed';

function disposed(run: string, name: string): LandfallError {
  return new LandfallError({
    code: 'staging.key-disposed',
    kind: 'permanent',
    what: 'These rows were disposed of: the data key that they were encrypted with was deleted on purpose.',
    where: { run, key: name },
    hint: 'They cannot be had back; extract them again in a new run if they are needed.',
  });
}

function keyGone(run: string, name: string): LandfallError {
  return new LandfallError({
    code: 'staging.key-gone',
    kind: 'permanent',
    what: 'The data key that staged rows were encrypted with is not there any more.',
    where: { run, key: name },
    hint: 'Restore the run’s `keys` folder from a backup of the staging folder.',
  });
}

/**
 * The keys of a run, at `runs/<run>/keys/<name>/<master key id>`.
 *
 * @param master 32 bytes
 */
export function openKeyring(store: Store, run: string, master: Uint8Array): Keyring {
  const id = masterKeyId(master);
  const folder = (name: string): string => `runs/${run}/keys/${name}/`;
  const known = new Map<string, Promise<Buffer>>();

  const wrappedCopies = async (name: string): Promise<string[]> => {
    const paths: string[] = [];
    for await (const { path } of store.list(folder(name))) paths.push(path);
    return paths;
  };

  const unwrap = async (path: string): Promise<Buffer> => {
    const wrapped = await store.get(path);
    try {
      return decrypt(master, wrapped, path);
    } catch (error) {
      throw new LandfallError({
        code: 'staging.key-damaged',
        kind: 'permanent',
        what: 'A data key cannot be unwrapped: its file was altered.',
        where: { path },
        hint: 'Restore the file from a backup of the staging folder.',
        cause: error,
      });
    }
  };

  const obtain = async (name: string, make: boolean): Promise<Buffer> => {
    const path = `${folder(name)}${id}`;
    const copies = await wrappedCopies(name);
    if (copies.includes(`${folder(name)}${Disposed}`)) throw disposed(run, name);
    if (copies.includes(path)) return unwrap(path);
    if (copies.length > 0) {
      throw new LandfallError({
        code: 'staging.master-key',
        kind: 'permanent',
        what: 'The master key is not the one that this run’s data keys were wrapped with.',
        where: { run, key: name },
        hint: 'Give the worker the master key that the run was started with (staging.masterKey in the configuration).',
      });
    }
    if (!make) throw keyGone(run, name);
    const fresh = randomBytes(32);
    // Whoever loses the race reads the winner's key.
    return (await store.put(path, encrypt(master, fresh, path))) === 'created' ? fresh : unwrap(path);
  };

  const remembered = (name: string, make: boolean): Promise<Buffer> => {
    const cached = known.get(name);
    if (cached) return cached;
    const promise = obtain(name, make);
    known.set(name, promise);
    promise.catch(() => known.delete(name));
    return promise;
  };

  return {
    key: (name) => remembered(name, true),
    existing: (name) => remembered(name, false),
    async dispose(name) {
      known.delete(name);
      const mark = `${folder(name)}${Disposed}`;
      // First the mark: a worker that starts half-way must not make a new key of that name.
      await store.put(mark, Buffer.alloc(0));
      for (const path of await wrappedCopies(name)) if (path !== mark) await store.delete(path);
    },
    async rewrap(nextMaster) {
      const copies = new Map<string, Set<string>>();
      for await (const { path } of store.list(`runs/${run}/keys/`)) {
        const [, , , name = '', copy = ''] = path.split('/');
        copies.set(name, (copies.get(name) ?? new Set()).add(copy));
      }
      const next = masterKeyId(nextMaster);
      for (const [name, ids] of copies) {
        if (ids.has(Disposed) || ids.has(next)) continue;
        const path = `${folder(name)}${next}`;
        await store.put(path, encrypt(nextMaster, await remembered(name, false), path));
      }
    },
  };
}
