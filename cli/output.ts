import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LandfallError } from '../model/errors.ts';

const hints: Record<string, [what: string, hint: string]> = {
  EEXIST: ['There is a file of that name already, and it is not written over.', 'Take it away first, or name another.'],
  ENOENT: ['The folder of the file is not there.', 'Make the folder, or name another file.'],
  ENOSPC: ['The disk is full.', 'Make room, or name a file on another disk.'],
  EACCES: ['The file may not be written by this account.', 'Name another file, or let this account write there.'],
  EISDIR: ['There is a folder of that name.', 'Name a file.'],
};

/**
 * Writes what a command was asked for into a file.
 *
 * @param of.anew refuse to write over what is there
 * @returns the file's whole path
 * @throws LandfallError `output.unwritable`
 */
export async function writeOutput(
  file: string,
  text: string,
  of: { mode?: number; anew?: boolean } = {},
): Promise<string> {
  const path = resolve(file);
  try {
    await writeFile(path, text, { mode: of.mode ?? 0o644, flag: of.anew ? 'wx' : 'w' });
    return path;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const [what, hint] = hints[code] ?? [`The file cannot be written (${code}).`, 'Name another file.'];
    throw new LandfallError({
      code: 'output.unwritable',
      kind: 'permanent',
      what,
      where: { file: path },
      hint,
      cause: error,
    });
  }
}
