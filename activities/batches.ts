import type { TargetDocument } from '../connectors/port.ts';

/** Batches, or attachments, of one chunk that are under way at a time. */
export const Lanes = 4;

/**
 * Works on items side by side, started in their order; the request gate decides how many requests are under way. Starts
 * no more once one fails, and waits for those in work before it throws, so that nothing is written unseen.
 *
 * @throws the first failure
 */
export async function inLanes<T>(
  items: Iterable<T> | AsyncIterable<T>,
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  try {
    for await (const item of items) {
      if (failures.length > 0) break;
      const one: Promise<void> = work(item)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(one));
      running.add(one);
      if (running.size >= lanes) await Promise.race(running);
    }
  } finally {
    await Promise.all(running);
  }
  if (failures.length > 0) throw failures[0];
}

export interface Batch {
  number: number;
  documents: TargetDocument[];
}

/**
 * Documents in their order, in batches of at most `limit` rows, headers and lines; a longer document is a batch of its
 * own.
 */
export async function* batchesOf(
  documents: Iterable<TargetDocument> | AsyncIterable<TargetDocument>,
  limit: number,
): AsyncGenerator<Batch> {
  let batch: TargetDocument[] = [];
  let size = 0;
  let number = 0;
  for await (const document of documents) {
    const rows = 1 + (document.lines?.rows.length ?? 0);
    if (size > 0 && size + rows > limit) {
      yield { number, documents: batch };
      number += 1;
      batch = [];
      size = 0;
    }
    batch.push(document);
    size += rows;
  }
  if (batch.length > 0) yield { number, documents: batch };
}
