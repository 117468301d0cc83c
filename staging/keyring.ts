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
  /** Names of the keys that were made, and of those that were disposed of. */
  names(): Promise<{ kept: string[]; disposed: string[] }>;
  /** Sees that every key has a copy under each of the masters. @returns the keys that are not disposed of */
  rewrap(): Promise<number>;
  /** Deletes the copies under masters that are not among those given. @returns how many; to be done after `rewrap` */
  retire(): Promise<number>;
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
 * @param given 32 bytes each; while one takes over from another, the new one first and the old one last. Each key is kept
 *   under all of them, so that processes which know only one of them go on side by side
 */
export function openKeyring(store: Store, run: string, given: readonly Uint8Array[]): Keyring {
  const masters = given.map((master) => ({ id: masterKeyId(master), master }));
  const folder = (name: string): string => `runs/${run}/keys/${name}/`;
  const known = new Map<string, Promise<Buffer>>();

  const wrappedCopies = async (name: string): Promise<string[]> => {
    const paths: string[] = [];
    for await (const { path } of store.list(folder(name))) paths.push(path);
    return paths;
  };

  type Master = (typeof masters)[number];
  const pathOf = (name: string, { id }: Master): string => `${folder(name)}${id}`;

  const unwrap = async (name: string, by: Master): Promise<Buffer> => {
    const path = pathOf(name, by);
    const wrapped = await store.get(path);
    try {
      return decrypt(by.master, wrapped, path);
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

  /** Keeps a key under a master. @returns the key that is kept there: whoever loses the race reads the winner's */
  const keep = async (name: string, by: Master, key: Buffer): Promise<Buffer> => {
    const path = pathOf(name, by);
    return (await store.put(path, encrypt(by.master, key, path))) === 'created' ? key : unwrap(name, by);
  };

  const obtain = async (name: string, make: boolean): Promise<Buffer> => {
    const copies = await wrappedCopies(name);
    if (copies.includes(`${folder(name)}${Disposed}`)) throw disposed(run, name);
    const has = (by: Master): boolean => copies.includes(pathOf(name, by));
    // The oldest master's copy decides: all processes know it for as long as one takes over from another.
    const known = masters.findLast(has);
    if (!known && copies.length > 0) {
      throw new LandfallError({
        code: 'staging.master-key',
        kind: 'misconfigured',
        what: 'The master key is not the one that this run’s data keys were wrapped with.',
        where: { run, key: name },
        hint: 'Give the worker the master key that the run was started with, too (staging.masterKey may be a list).',
      });
    }
    if (!known && !make) throw keyGone(run, name);
    let key = known ? await unwrap(name, known) : randomBytes(32);
    for (const by of masters.toReversed()) if (!has(by)) key = await keep(name, by, key);
    return key;
  };

  const remembered = (name: string, make: boolean): Promise<Buffer> => {
    const cached = known.get(name);
    if (cached) return cached;
    const promise = obtain(name, make);
    known.set(name, promise);
    promise.catch(() => known.delete(name));
    return promise;
  };

  const names = async (): Promise<{ kept: string[]; disposed: string[] }> => {
    const all = new Set<string>();
    const disposed = new Set<string>();
    for await (const { path } of store.list(`runs/${run}/keys/`)) {
      const [, , , name = '', copy = ''] = path.split('/');
      all.add(name);
      if (copy === Disposed) disposed.add(name);
    }
    return { kept: [...all].filter((name) => !disposed.has(name)).sort(), disposed: [...disposed].sort() };
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
    names,
    async rewrap() {
      const { kept } = await names();
      for (const name of kept) await obtain(name, false);
      return kept.length;
    },
    async retire() {
      let retired = 0;
      for (const name of (await names()).kept) {
        const ours = new Set(masters.map((by) => pathOf(name, by)));
        const copies = await wrappedCopies(name);
        // Without a copy that can be read under these masters, others are all there is.
        if (!copies.some((path) => ours.has(path))) await obtain(name, false);
        for (const path of copies.filter((one) => !ours.has(one))) {
          await store.delete(path);
          retired += 1;
        }
      }
      return retired;
    },
  };
}
