import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TargetCall } from '../connectors/port.ts';
import { digestOf } from '../staging/sealed.ts';
import { inLanes, Lanes } from './batches.ts';
import type { Loader } from './loader.ts';

/** A source row's file, on its way into a row of the target. */
export const Upload = z.object({
  _key: z.string(),
  target: z.string(),
  name: z.string().nullable(),
  path: z.string(),
  bytes: z.coerce.number(),
  sha256: z.string(),
  key: z.string(),
});
export type Upload = z.infer<typeof Upload>;

/** A source row's file, and what the target held in its place afterwards; negative bytes: nothing. */
export const Moved = z.strictObject({
  _key: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  actual_bytes: z.number(),
  actual_sha256: z.string(),
});
export type Moved = z.infer<typeof Moved>;

/** Moves one file to where it belongs and gives what is there then, or null. */
export type Move = (upload: Upload, call: TargetCall) => Promise<AsyncIterable<Uint8Array> | null>;

/** Rows after which it is staged what arrived: a chunk's files may take longer than one attempt may. */
const RowsAtOnce = 100;

/** Uploads that go to the same row of the target, which come one after the other. */
function byRow(uploads: readonly Upload[]): [Upload, ...Upload[]][] {
  const rows: [Upload, ...Upload[]][] = [];
  for (const one of uploads) {
    const last = rows.at(-1);
    if (last && last[0]._key === one._key) last.push(one);
    else rows.push([one]);
  }
  return rows;
}

/**
 * Moves the files of a chunk, and reads each back; a later attempt goes on where an earlier one stopped. A row of the
 * target holds one file: where several source rows were merged into it, the first one's is moved, and each is compared
 * with what is there, so that one that is not there is not taken for one that arrived.
 *
 * @param uploads in the order of their rows, and within a row of its sources
 */
export async function moveAll(
  loader: Loader,
  uploads: readonly Upload[],
  move: Move,
  beat: (done: number) => void,
): Promise<Moved[]> {
  const moved: Moved[] = [];
  const rows = byRow(uploads);
  for (let from = 0; from < rows.length; from += RowsAtOnce) {
    const some = rows.slice(from, from + RowsAtOnce);
    const name = `moved-${digestOf(JSON.stringify(some)).slice(0, 32)}`;
    moved.push(
      ...(await loader.once(name, z.array(Moved), () => moveSome(some, (one) => move(one, loader.call), beat))),
    );
    beat(moved.length);
  }
  return moved;
}

async function moveSome(
  rows: readonly [Upload, ...Upload[]][],
  move: (upload: Upload) => Promise<AsyncIterable<Uint8Array> | null>,
  beat: (done: number) => void,
): Promise<Moved[]> {
  const moved: Moved[] = [];
  await inLanes(rows, Lanes, async (row) => {
    const back = await move(row[0]);
    const { bytes, sha256 } = back === null ? { bytes: -1, sha256: '' } : await digest(back);
    for (const one of row) {
      const due = { _key: one._key, bytes: one.bytes, sha256: one.sha256 };
      moved.push({ ...due, actual_bytes: bytes, actual_sha256: sha256 });
    }
    beat(moved.length);
  });
  return moved;
}

async function digest(stream: AsyncIterable<Uint8Array>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of stream) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
