import { randomBytes } from 'node:crypto';
import { readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { getSealed, putSealed } from '../../staging/sealed.ts';
import { staged, temporaryFolder } from './open-staging.ts';

const Note = z.strictObject({ text: z.string() });
const note = { text: 'planted text' };

describe('a sealed document', () => {
  test('comes back as it was, and has one digest whoever writes it', async () => {
    const staging = await staged();
    const first = await putSealed(staging, (digest) => `runs/r/notes/${digest}`, note);
    expect(await getSealed(staging, first.path, Note, first.digest)).toEqual(note);
    const again = await putSealed(staging, (digest) => `runs/r/notes/${digest}`, note);
    expect(again).toEqual({ ...first, outcome: 'exists' });
  });

  test('cannot be read from the folder', async () => {
    const staging = await staged();
    const { path } = await putSealed(staging, 'runs/r/note', note);
    expect((await readFile(join(staging.folder, path))).includes('planted')).toBe(false);
  });

  test('is refused when altered, cut short, moved to another path, or not the one meant', async () => {
    const staging = await staged();
    const altered = { code: 'staging.altered', kind: 'permanent' };
    const { path } = await putSealed(staging, 'runs/r/note', note);
    const file = join(staging.folder, path);
    const stored = await readFile(file);

    const other = await putSealed(staging, 'runs/r/other', { text: 'another' });
    await expect(getSealed(staging, path, Note, other.digest)).rejects.toMatchObject(altered);
    for (const at of [0, 13, stored.length - 1]) {
      await writeFile(file, Buffer.from(stored).fill((stored[at] ?? 0) ^ 1, at, at + 1));
      await expect(getSealed(staging, path, Note)).rejects.toMatchObject(altered);
    }
    await writeFile(file, await readFile(join(staging.folder, other.path)));
    await expect(getSealed(staging, path, Note)).rejects.toMatchObject(altered);
    for (const length of [stored.length - 1, 20, 0]) {
      await writeFile(file, stored);
      await truncate(file, length);
      await expect(getSealed(staging, path, Note)).rejects.toMatchObject(altered);
    }
    await unlink(file);
    await expect(getSealed(staging, path, Note)).rejects.toMatchObject({ code: 'staging.gone' });
  });

  test('of another form is told apart from a damaged one, without showing what it holds', async () => {
    const staging = await staged();
    await putSealed(staging, 'runs/r/note', { text: 'x', later: true });
    await expect(getSealed(staging, 'runs/r/note', Note)).rejects.toMatchObject({ code: 'staging.version' });
    const failure = await getSealed(staging, 'runs/r/note', Note).catch((error: unknown) => error as Error);
    expect(String(failure)).not.toContain('later');
  });

  test('with a wrong master key is not called damaged', async () => {
    const folder = await temporaryFolder();
    await putSealed(await staged({ folder }), 'runs/r/note', note);
    const wrong = await staged({ folder, masterKey: randomBytes(32) });
    await expect(getSealed(wrong, 'runs/r/note', Note)).rejects.toMatchObject({ code: 'staging.master-key' });
  });
});
