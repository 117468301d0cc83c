import { execFile, fork } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folderStore } from '../../staging/folder-store.ts';
import { proveStore } from '../../staging/prove-store.ts';
import type { Store } from '../../staging/store.ts';
import { temporaryFolder } from './open-staging.ts';

async function paths(store: Store, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of store.list(prefix)) found.push(path);
  return found.sort();
}

describe('a store in a folder', () => {
  test('gives back what was put, whole, as a stream and as a local file', async () => {
    const store = folderStore(await temporaryFolder());
    const local = join(await temporaryFolder(), 'file');
    await writeFile(local, 'from a file');
    expect(await store.put('runs/a/one', Buffer.from('one'))).toBe('created');
    expect(await store.putFile('runs/a/two', local)).toBe('created');
    expect(Buffer.from(await store.get('runs/a/one')).toString()).toBe('one');
    expect(await text(await store.open('runs/a/two'))).toBe('from a file');
    expect(await readFile(await store.localFile('runs/a/two'), 'utf8')).toBe('from a file');
  });

  test('keeps the first of two objects under one path', async () => {
    const store = folderStore(await temporaryFolder());
    await store.put('a', Buffer.from('first'));
    expect(await store.put('a', Buffer.from('second'))).toBe('exists');
    expect(Buffer.from(await store.get('a')).toString()).toBe('first');
  });

  test('lets exactly one of many writing processes win, and shows only its bytes', async () => {
    const folder = await temporaryFolder();
    const writer = fileURLToPath(new URL('racing-writer.ts', import.meta.url));
    const children = Array.from({ length: 6 }, (_, n) => fork(writer, [folder, String(n)]));
    onTestFinished(() => {
      for (const child of children) child.kill();
    });
    const outcomes = await Promise.all(
      children.map(
        (child) => new Promise<string[]>((resolve) => child.once('message', (outcome) => resolve(outcome as string[]))),
      ),
    );
    const store = folderStore(folder);
    for (let object = 0; object < 20; object += 1) {
      const winners = outcomes.flatMap((one, n) => (one[object] === 'created' ? [n] : []));
      expect(winners).toHaveLength(1);
      expect(Buffer.from(await store.get(`race/${object}`)).toString()).toBe(`writer ${winners[0]}`.repeat(1000));
    }
  });

  test('lists by prefix, with sizes, and never the temporary files of puts under way', async () => {
    const folder = await temporaryFolder();
    const store = folderStore(folder);
    for (const path of ['runs/a/1', 'runs/a/b/2', 'runs/ab/3', 'plans/4']) await store.put(path, Buffer.from('four'));
    await writeFile(join(folder, '.tmp', 'under-way'), 'half');
    expect(await paths(store, 'runs/a/')).toEqual(['runs/a/1', 'runs/a/b/2']);
    expect(await paths(store, 'runs/a')).toEqual(['runs/a/1', 'runs/a/b/2', 'runs/ab/3']);
    expect(await paths(store, '')).toEqual(['plans/4', 'runs/a/1', 'runs/a/b/2', 'runs/ab/3']);
    expect(await paths(store, 'nothing/here/')).toEqual([]);
    for await (const { bytes } of store.list('plans/')) expect(bytes).toBe(4);
  });

  test('leaves no temporary file behind', async () => {
    const folder = await temporaryFolder();
    const store = folderStore(folder);
    await store.put('a', Buffer.from('1'));
    await store.put('a', Buffer.from('2'));
    await expect(store.putFile('b', join(folder, 'no-such-file'))).rejects.toThrow('no-such-file');
    expect(await readdir(join(folder, '.tmp'))).toEqual([]);
  });

  test('deletes, and deleting what is not there is no error', async () => {
    const store = folderStore(await temporaryFolder());
    await store.put('a', Buffer.from('1'));
    await store.delete('a');
    await store.delete('a');
    await expect(store.get('a')).rejects.toMatchObject({ code: 'staging.gone', kind: 'permanent' });
    await expect(store.localFile('a')).rejects.toMatchObject({ code: 'staging.gone' });
    await expect(store.open('a')).rejects.toMatchObject({ code: 'staging.gone' });
  });

  test.each(['../outside', 'runs/../../outside', '/etc/passwd', 'a\0b', '', '.'])(
    'refuses the path %j',
    async (path) => {
      const store = folderStore(await temporaryFolder());
      await expect(store.put(path, Buffer.from('x'))).rejects.toMatchObject({ code: 'staging.path' });
      await expect(async () => store.get(path)).rejects.toMatchObject({ code: 'staging.path' });
    },
  );

  test('says so when a part of its path is a file', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(folderStore(join(folder, 'file', 'store')).put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'staging.folder',
      hint: expect.stringContaining('name another folder') as string,
    });
    await expect(folderStore(join(folder, 'file')).put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'staging.folder',
    });
  });

  test.skipIf(process.getuid?.() === 0)('says so when the account may not write', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o500);
    await expect(folderStore(folder).put('a', Buffer.from('x'))).rejects.toMatchObject({ code: 'staging.denied' });
    await chmod(folder, 0o700);
  });
});

/** A tiny file system of its own needs an account that may mount one. */
async function mounted(options: string): Promise<string | undefined> {
  const run = promisify(execFile);
  const folder = await temporaryFolder();
  const disk = join(folder, 'disk');
  await mkdir(disk);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
  } catch {
    return undefined;
  }
  onTestFinished(async () => void (await run('umount', [disk])));
  return disk;
}

describe('a disk that', () => {
  test('is full is a wait, not a defeat, and half a file never shows', async ({ skip }) => {
    const disk = await mounted('size=128k');
    if (disk === undefined) return skip();
    const store = folderStore(disk);
    await store.put('small', Buffer.alloc(10_000));
    await expect(store.put('large', Buffer.alloc(500_000))).rejects.toMatchObject({
      code: 'staging.full',
      kind: 'transient',
    });
    expect(await paths(store, '')).toEqual(['small']);
    expect(await store.put('large', Buffer.alloc(50_000))).toBe('created');
  });

  test('is mounted read-only is named as such', async ({ skip }) => {
    const disk = await mounted('size=128k,ro');
    if (disk === undefined) return skip();
    await expect(folderStore(disk).put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'staging.denied',
      hint: expect.stringContaining('read-only') as string,
    });
  });
});

describe('the proof of a store', () => {
  test('passes for a folder and leaves nothing behind', async () => {
    const store = folderStore(await temporaryFolder());
    await proveStore(store);
    expect(await paths(store, '')).toEqual([]);
  });

  test('fails for a store that overwrites, and for one that loses bytes', async () => {
    const store = folderStore(await temporaryFolder());
    const overwriting: Store = {
      ...store,
      put: async (path, bytes) => {
        await store.delete(path);
        await store.put(path, bytes);
        return 'created';
      },
    };
    await expect(proveStore(overwriting)).rejects.toMatchObject({ code: 'staging.unfit' });
    const losing: Store = { ...store, get: async (path) => (await store.get(path)).subarray(1) };
    await expect(proveStore(losing)).rejects.toMatchObject({ code: 'staging.unfit' });
    const blind: Store = { ...store, list: async function* () {} };
    await expect(proveStore(blind)).rejects.toMatchObject({ code: 'staging.unfit' });
  });

  test('names what is wrong with the folder', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(proveStore(folderStore(join(folder, 'file')))).rejects.toMatchObject({ code: 'staging.folder' });
  });
});
