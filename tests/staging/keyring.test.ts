import { randomBytes } from 'node:crypto';
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderStore } from '../../staging/folder-store.ts';
import { masterKeyFrom } from '../../staging/index.ts';
import { masterKeyId, openKeyring, type Keyring } from '../../staging/keyring.ts';
import { masterKey, temporaryFolder } from './open-staging.ts';

function opened(folder: string, ...masters: Uint8Array[]): Keyring {
  return openKeyring(folderStore(folder), 'run-1', masters.length === 0 ? [masterKey] : masters);
}

describe('the keys of a run', () => {
  test('are made once, differ by name and by run, and never lie in the open', async () => {
    const folder = await temporaryFolder();
    const rows = await opened(folder).key('rows');
    expect(rows).toHaveLength(32);
    expect(await opened(folder).key('rows')).toEqual(rows);
    expect(await opened(folder).existing('rows')).toEqual(rows);
    expect(await opened(folder).key('restricted-person')).not.toEqual(rows);
    expect(await openKeyring(folderStore(folder), 'run-2', [masterKey]).key('rows')).not.toEqual(rows);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    expect(files.map((one) => one.name)).toEqual(files.map(() => masterKeyId(masterKey)));
    expect(files).toHaveLength(3);
    for (const { parentPath, name } of files) {
      expect((await readFile(join(parentPath, name))).includes(rows)).toBe(false);
    }
  });

  test('are the same for workers that ask for them at the same moment', async () => {
    const folder = await temporaryFolder();
    const keys = await Promise.all(Array.from({ length: 12 }, () => opened(folder).key('rows')));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  });

  test('cannot be had with another master key', async () => {
    const folder = await temporaryFolder();
    await opened(folder).key('rows');
    await expect(opened(folder, randomBytes(32)).key('rows')).rejects.toMatchObject({
      code: 'staging.master-key',
      hint: expect.stringContaining('staging.masterKey') as string,
    });
    expect(await readdir(join(folder, 'runs/run-1/keys/rows'))).toHaveLength(1);
  });

  test('are never made anew for reading what a lost key encrypted', async () => {
    const folder = await temporaryFolder();
    await opened(folder).key('rows');
    const file = join(folder, 'runs/run-1/keys/rows', masterKeyId(masterKey));
    await unlink(file);
    await expect(opened(folder).existing('rows')).rejects.toMatchObject({ code: 'staging.key-gone' });
    expect(await readdir(join(folder, 'runs/run-1/keys/rows'))).toEqual([]);
  });

  test('cannot be had from an altered file, nor from the file of another name', async () => {
    const folder = await temporaryFolder();
    await opened(folder).key('rows');
    await opened(folder).key('other');
    const file = (name: string): string => join(folder, 'runs/run-1/keys', name, masterKeyId(masterKey));
    await writeFile(file('rows'), await readFile(file('other')));
    await expect(opened(folder).key('rows')).rejects.toMatchObject({ code: 'staging.key-damaged' });
    await writeFile(file('other'), '');
    await expect(opened(folder).key('other')).rejects.toMatchObject({ code: 'staging.key-damaged' });
  });

  test('that were disposed of stay gone: nobody makes another of that name', async () => {
    const folder = await temporaryFolder();
    const keyring = opened(folder);
    await keyring.key('restricted-person');
    await keyring.dispose('restricted-person');
    await keyring.dispose('restricted-person');
    expect(await readdir(join(folder, 'runs/run-1/keys/restricted-person'))).toEqual(['disposed']);
    for (const one of [keyring, opened(folder)]) {
      await expect(one.key('restricted-person')).rejects.toMatchObject({ code: 'staging.key-disposed' });
      await expect(one.existing('restricted-person')).rejects.toMatchObject({ code: 'staging.key-disposed' });
    }
  });

  test('go from one master key to another while processes that know only the old one go on', async () => {
    const folder = await temporaryFolder();
    const next = randomBytes(32);
    const old = opened(folder);
    const rows = await old.key('rows');
    await old.key('restricted-person');
    await old.dispose('restricted-person');

    const between = opened(folder, next, masterKey);
    expect(await between.key('rows')).toEqual(rows);
    expect(await opened(folder).key('rows')).toEqual(rows);
    // Made now, by either: the other finds it.
    expect(await opened(folder).key('made-between')).toEqual(await between.key('made-between'));
    expect(await old.key('made-by-old')).toEqual(await opened(folder, next, masterKey).key('made-by-old'));

    await opened(folder).key('seen-by-old-only');
    expect(await between.rewrap()).toBe(4);
    for (const name of ['rows', 'made-between', 'made-by-old', 'seen-by-old-only']) {
      expect(await opened(folder, next).key(name)).toEqual(await opened(folder).key(name));
    }
    await expect(opened(folder, next).key('restricted-person')).rejects.toMatchObject({ code: 'staging.key-disposed' });
  });

  test('are all the same for processes that make one at the same moment while a master key takes over', async () => {
    const folder = await temporaryFolder();
    const next = randomBytes(32);
    const keys = await Promise.all(
      Array.from({ length: 12 }, (_, n) => (n % 2 ? opened(folder) : opened(folder, next, masterKey)).key('rows')),
    );
    keys.push(await opened(folder, next).key('rows'));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  });

  test('cannot be had under a master key that was retired, and no key is lost by retiring one', async () => {
    const folder = await temporaryFolder();
    const next = randomBytes(32);
    const rows = await opened(folder).key('rows');
    // Before any copy under the new one is there, retiring the old one would lose the key.
    await expect(opened(folder, next).retire()).rejects.toMatchObject({ code: 'staging.master-key' });
    await opened(folder, next, masterKey).rewrap();
    expect(await opened(folder, next).retire()).toBe(1);
    expect(await opened(folder, next).key('rows')).toEqual(rows);
    await expect(opened(folder).key('rows')).rejects.toMatchObject({ code: 'staging.master-key' });
    expect(await opened(folder, next).retire()).toBe(0);
  });
});

describe('the master key', () => {
  test('is 32 bytes, or their base64 or hexadecimal text', () => {
    const bytes = randomBytes(32);
    expect(masterKeyFrom(bytes)).toEqual(bytes);
    expect(masterKeyFrom(` ${bytes.toString('base64')}\n`)).toEqual(bytes);
    expect(masterKeyFrom(bytes.toString('hex'))).toEqual(bytes);
  });

  test.each(['', 'secret', Buffer.alloc(16).toString('base64'), new Uint8Array(31)])('is not %j', (given) => {
    expect(() => masterKeyFrom(given)).toThrow(expect.objectContaining({ code: 'staging.master-key' }));
  });
});
