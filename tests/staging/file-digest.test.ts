import { hash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileDigest } from '../../staging/file-digest.ts';
import { temporaryFolder } from './open-staging.ts';

test.each([0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1_000_003])(
  'the digest of a file of %i bytes is that of all its bytes',
  async (size) => {
    const file = join(await temporaryFolder(), 'file');
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7919) % 251));
    await writeFile(file, bytes);
    expect(await fileDigest(file)).toBe(hash('sha256', bytes));
  },
);
