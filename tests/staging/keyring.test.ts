import { randomBytes } from 'node:crypto';
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderStore } from '../../staging/folder-store.ts';
import { masterKeyFrom } from '../../staging/index.ts';
import { masterKeyId, openKeyring, type Keyring } from '../../staging/keyring.ts';
import { masterKey, temporaryFolder } from './open-staging.ts';

function opened(folder: string, master: Uint8Array = masterKey): Keyring {
  return openKeyring(folderStore(folder), 'run-1', master);
}

describe('the keys of a run', () => {
  test('are made once, differ by name and by run, and never lie in the open', async () => {
    const folder = await temporaryFolder();
    const rows = await opened(folder).key('rows');
    expect(rows).toHaveLength(32);
    expect(await opened(folder).key('rows')).toEqual(rows);
    expect(await opened(folder).existing('rows')).toEqual(rows);
    expect(await opened(folder).key('restricted-person')).not.toEqual(rows);
    expect(await openKeyring(folderStore(folder), 'run-2', masterKey).key('rows')).not.toEqual(rows);
    const wrapped = await readFile(join(folder, 'runs/run-1/keys/rows', masterKeyId(masterKey)));
    expect(wrapped.includes(rows)).toBe(false);
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

  test('open under a new master key once they are wrapped again, disposed ones excepted', async () => {
    const folder = await temporaryFolder();
    const next = randomBytes(32);
    const keyring = opened(folder);
    const rows = await keyring.key('rows');
    await keyring.key('restricted-person');
    await keyring.dispose('restricted-person');
    await keyring.rewrap(next);
    await keyring.rewrap(next);
    expect(await opened(folder, next).key('rows')).toEqual(rows);
    expect(await opened(folder).key('rows')).toEqual(rows);
    await expect(opened(folder, next).key('restricted-person')).rejects.toMatchObject({ code: 'staging.key-disposed' });
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
