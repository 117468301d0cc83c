import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { appendFile, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { BlobFrameBytes, openBlob, putBlob, type BlobRef } from '../../staging/blobs.ts';
import type { Staging } from '../../staging/index.ts';
import { staged } from './open-staging.ts';

/** Bytes that arrive in uneven pieces, as from a network. */
async function* arriving(bytes: Buffer, step = 70_001): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

async function readAll(staging: Staging, ref: BlobRef): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await openBlob(staging, ref)) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe('attachments at rest', () => {
  test.each([0, 1, BlobFrameBytes - 1, BlobFrameBytes, BlobFrameBytes + 1, 3 * BlobFrameBytes, 5_000_003])(
    '%i bytes come back as they were',
    async (size) => {
      const staging = await staged();
      const bytes = randomBytes(size);
      const ref = await putBlob(staging, arriving(bytes));
      expect(ref).toMatchObject({ bytes: size, sha256: createHash('sha256').update(bytes).digest('hex') });
      expect((await readAll(staging, ref)).equals(bytes)).toBe(true);
    },
  );

  test('60 MB pass through without being held in memory', async () => {
    const staging = await staged();
    const piece = randomBytes(1 << 20);
    async function* large(): AsyncGenerator<Buffer> {
      for (let n = 0; n < 60; n += 1) {
        await setTimeout(0);
        if (n % 10 === 9) await watch();
        yield Buffer.from(piece);
      }
    }
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // Buffers that are not used any more are given back some time after the collection that finds them.
    const held = async (): Promise<number> => {
      collect();
      await setTimeout(20);
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const before = await held();
    let most = 0;
    const watch = async (): Promise<void> => void (most = Math.max(most, (await held()) - before));
    const ref = await putBlob(staging, large());
    let bytes = 0;
    for await (const part of await openBlob(staging, ref)) {
      bytes += (part as Buffer).length;
      if (bytes % (10 << 20) === 0) await watch();
    }
    expect(bytes).toBe(60 << 20);
    expect(most).toBeLessThan(16 << 20);
  });

  test('the same bytes put twice lie there once, and nothing stays in the scratch folder', async () => {
    const staging = await staged();
    const bytes = Buffer.from('a contract, attached to two candidates');
    expect(await putBlob(staging, arriving(bytes))).toEqual(await putBlob(staging, arriving(bytes)));
    const files = (await readdir(join(staging.folder, 'runs'), { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile() && entry.parentPath.includes('blobs'),
    );
    expect(files).toHaveLength(1);
    expect(await readdir(staging.scratch)).toEqual([]);
  });

  test('neither content nor its plain digest can be read from the folder', async () => {
    const staging = await staged();
    const ref = await putBlob(staging, arriving(Buffer.from('planted text '.repeat(1000))));
    expect((await readFile(join(staging.folder, ref.path))).includes('planted text')).toBe(false);
    expect(ref.path).not.toContain(ref.sha256);
  });

  const size = 2 * BlobFrameBytes + 500;
  const frame = BlobFrameBytes + 16;
  test.each<[string, (file: string, bytes: Buffer) => Promise<void>]>([
    [
      'one bit is turned',
      (file, bytes) => writeFile(file, bytes.fill((bytes[frame + 99] ?? 0) ^ 1, frame + 99, frame + 100)),
    ],
    ['the salt is altered', (file, bytes) => writeFile(file, bytes.fill(0, 4, 36))],
    ['the last frame is cut off', (file) => truncate(file, 36 + 2 * frame)],
    ['the end is cut off', (file, bytes) => truncate(file, bytes.length - 1)],
    ['everything after the header is cut off', (file) => truncate(file, 36)],
    ['nothing is left', (file) => truncate(file, 0)],
    ['bytes are appended', (file) => appendFile(file, 'x')],
    [
      'a frame is doubled',
      (file, bytes) => writeFile(file, Buffer.concat([bytes.subarray(0, 36 + frame), bytes.subarray(36)])),
    ],
    [
      'two frames are swapped',
      (file, bytes) =>
        writeFile(
          file,
          Buffer.concat([
            bytes.subarray(0, 36),
            bytes.subarray(36 + frame, 36 + 2 * frame),
            bytes.subarray(36, 36 + frame),
            bytes.subarray(36 + 2 * frame),
          ]),
        ),
    ],
  ])('reading ends in an error when %s', async (_, tamper) => {
    const staging = await staged();
    const ref = await putBlob(staging, arriving(randomBytes(size)));
    const file = join(staging.folder, ref.path);
    await tamper(file, await readFile(file));
    await expect(readAll(staging, ref)).rejects.toMatchObject({ code: 'staging.altered' });
  });

  test('another attachment in its place is noticed', async () => {
    const staging = await staged();
    const one = await putBlob(staging, arriving(Buffer.from('the first')));
    const other = await putBlob(staging, arriving(Buffer.from('the second')));
    await writeFile(join(staging.folder, one.path), await readFile(join(staging.folder, other.path)));
    await expect(readAll(staging, one)).rejects.toMatchObject({ code: 'staging.altered' });
  });

  test('one that is gone is called gone', async () => {
    const staging = await staged();
    const ref = await putBlob(staging, arriving(Buffer.from('here')));
    await unlink(join(staging.folder, ref.path));
    await expect(openBlob(staging, ref)).rejects.toMatchObject({ code: 'staging.gone' });
  });

  test('more than the target accepts is refused, a source that fails fails the put, and no trace stays', async () => {
    const staging = await staged();
    await expect(putBlob(staging, arriving(randomBytes(2001)), { maxBytes: 2000 })).rejects.toMatchObject({
      code: 'staging.blob-too-large',
    });
    async function* broken(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(randomBytes(10));
      throw new Error('connection reset');
    }
    await expect(putBlob(staging, broken())).rejects.toThrow('connection reset');
    expect(await readdir(staging.scratch)).toEqual([]);
  });

  test('a source is not read before the file is there, which would come after its removal else', async () => {
    const staging = await staged();
    let there: string[] = [];
    async function* refused(): AsyncGenerator<Buffer> {
      there = readdirSync(staging.scratch);
      yield await Promise.reject(new Error('connection refused'));
    }
    await expect(putBlob(staging, refused())).rejects.toThrow('connection refused');
    expect(there).toEqual([expect.stringMatching(/^blob-/)]);
    expect(await readdir(staging.scratch)).toEqual([]);
  });
});
