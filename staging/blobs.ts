import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import type { Staging } from './index.ts';

/** Where the bytes of an attachment lie, and what they are. Small enough for a row. */
export const BlobRef = z.strictObject({
  path: z.string(),
  /** Length of the plain bytes. */
  bytes: z.int().min(0),
  /** SHA-256 of the plain bytes. */
  sha256: z.string(),
  /** Name of the data key. */
  key: z.string(),
});
export type BlobRef = z.infer<typeof BlobRef>;

const Magic = Buffer.from('LFB1');
const SaltBytes = 32;
const HeaderBytes = Magic.length + SaltBytes;
const TagBytes = 16;

/** Plain bytes in a frame; the last one may be shorter. */
export const BlobFrameBytes = 1024 * 1024;

/** Every blob has a key of its own, so that frame numbers can be nonces without ever repeating under one key. */
function blobKey(dataKey: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, salt, 'landfall blob', 32));
}

function nonceOf(frame: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(frame), 3);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}

/** Regroups a stream into pieces of `size` bytes; only the last may be shorter, and it is there even when empty. */
async function* pieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ bytes: Buffer; last: boolean }> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of source) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // Only with bytes in hand is it known that the piece before them was not the last.
    while (rest.length > 0) {
      if (held === size) {
        yield { bytes: Buffer.concat(parts), last: false };
        parts = [];
        held = 0;
      }
      const taken = rest.subarray(0, size - held);
      parts.push(taken);
      held += taken.length;
      rest = rest.subarray(taken.length);
    }
  }
  yield { bytes: Buffer.concat(parts), last: true };
}

/**
 * Stages an attachment, encrypted frame by frame in bounded memory, after the STREAM construction (Hoang, Reyhanitabar,
 * Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015): the frame's number and
 * whether it is the last are part of its nonce, so that no frame can be dropped, doubled, moved or left off at the end.
 *
 * The same bytes come to lie under the same path however often they are put. The path is an HMAC under the data key: it
 * does not tell a reader of the folder which known document was attached.
 *
 * @param options.key the data key's name
 * @param options.maxBytes refuse more than that
 * @throws LandfallError `staging.blob-too-large`, `staging.full`
 */
export async function putBlob(
  staging: Staging,
  source: AsyncIterable<Uint8Array>,
  options: { key?: string; maxBytes?: number; signal?: AbortSignal } = {},
): Promise<BlobRef> {
  const key = options.key ?? 'rows';
  const dataKey = await staging.keyring.key(key);
  const salt = randomBytes(SaltBytes);
  const frameKey = blobKey(dataKey, salt);
  const plain = createHash('sha256');
  let bytes = 0;

  async function* sealed(): AsyncGenerator<Buffer> {
    yield Buffer.concat([Magic, salt]);
    let frame = 0;
    for await (const piece of pieces(source, BlobFrameBytes)) {
      bytes += piece.bytes.length;
      if (options.maxBytes !== undefined && bytes > options.maxBytes) throw tooLarge(options.maxBytes);
      plain.update(piece.bytes);
      const cipher = createCipheriv('aes-256-gcm', frameKey, nonceOf(frame, piece.last));
      yield Buffer.concat([cipher.update(piece.bytes), cipher.final(), cipher.getAuthTag()]);
      frame += 1;
    }
  }

  const local = join(staging.scratch, `blob-${process.pid}-${randomBytes(6).toString('hex')}`);
  const write = async (): Promise<void> => {
    // Opened before anything is read: a file that a stream is still about to open comes after its removal.
    const file = await open(local, 'wx');
    const { signal } = options;
    await pipeline(sealed(), file.createWriteStream(), signal ? { signal } : {});
  };
  try {
    await write().catch((error: unknown) => {
      throw outOfSpace(error, staging.scratch) ?? error;
    });
    const sha256 = plain.digest('hex');
    const name = createHmac('sha256', dataKey).update(`landfall blob ${sha256}`).digest('hex');
    const path = `runs/${staging.run}/blobs/${name.slice(0, 2)}/${name}`;
    await staging.store.putFile(path, local);
    return { path, bytes, sha256, key };
  } finally {
    await rm(local, { force: true });
  }
}

/**
 * The plain bytes of an attachment, in bounded memory. Every frame is proven before it is handed on; the stream ends in
 * a `staging.altered` error when a bit, a frame or the end is not what was put, or the bytes are another attachment's.
 *
 * @throws LandfallError `staging.gone`
 */
export async function openBlob(staging: Staging, ref: BlobRef): Promise<Readable> {
  const dataKey = await staging.keyring.existing(ref.key);
  const stored: AsyncIterable<Buffer> = await staging.store.open(ref.path);

  async function* opened(): AsyncGenerator<Buffer> {
    const plain = createHash('sha256');
    let bytes = 0;
    let frame = 0;
    let frameKey: Buffer | undefined;
    for await (const piece of pieces(
      withoutHeader(stored, (salt) => (frameKey = blobKey(dataKey, salt))),
      BlobFrameBytes + TagBytes,
    )) {
      const open = frameKey && opens(frameKey, piece, frame);
      if (!open) throw altered(ref.path);
      frame += 1;
      bytes += open.length;
      plain.update(open);
      if (open.length > 0) yield open;
    }
    if (bytes !== ref.bytes || plain.digest('hex') !== ref.sha256) throw altered(ref.path);
  }

  return Readable.from(opened(), { objectMode: false, highWaterMark: BlobFrameBytes });
}

function opens(key: Buffer, piece: { bytes: Buffer; last: boolean }, frame: number): Buffer | undefined {
  if (piece.bytes.length < TagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(frame, piece.last));
  decipher.setAuthTag(piece.bytes.subarray(piece.bytes.length - TagBytes));
  try {
    return Buffer.concat([decipher.update(piece.bytes.subarray(0, -TagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Hands on what follows the header. A file too short to have one gives nothing, and so no frame that opens. */
async function* withoutHeader(stored: AsyncIterable<Buffer>, salted: (salt: Buffer) => void): AsyncGenerator<Buffer> {
  let header: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of stored) {
    if (header === undefined) {
      yield chunk;
      continue;
    }
    header = Buffer.concat([header, chunk]);
    if (header.length < HeaderBytes) continue;
    if (!header.subarray(0, Magic.length).equals(Magic)) return;
    salted(header.subarray(Magic.length, HeaderBytes));
    yield header.subarray(HeaderBytes);
    header = undefined;
  }
}

function altered(path: string): LandfallError {
  return new LandfallError({
    code: 'staging.altered',
    kind: 'permanent',
    what: 'A staged attachment is not what was read from the source: it was altered or cut short.',
    where: { path },
    hint: 'Restore it from a backup of the staging folder, or start the run anew.',
  });
}

function tooLarge(maxBytes: number): LandfallError {
  return new LandfallError({
    code: 'staging.blob-too-large',
    kind: 'permanent',
    what: `An attachment is larger than the ${maxBytes} bytes that the target accepts.`,
    hint: 'Leave such rows behind with a rule, or raise `maxBytes` in the blueprint if the target takes more.',
  });
}

function outOfSpace(error: unknown, scratch: string): LandfallError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new LandfallError({
    code: 'staging.full',
    kind: 'transient',
    what: 'There is no space left to stage an attachment in.',
    where: { path: scratch },
    hint: 'Free space in the scratch folder or name a larger one in the configuration (staging.scratch).',
    cause: error,
  });
}
