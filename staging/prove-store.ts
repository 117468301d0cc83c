import { randomBytes } from 'node:crypto';
import { LandfallError } from '../model/errors.ts';
import type { Store } from './store.ts';

const Writers = 8;

/**
 * Proves that a store does what everything else relies on: of several writers of one path exactly one wins, its bytes
 * are what is read and listed, and what is deleted is gone. Leaves nothing behind.
 *
 * @throws LandfallError `staging.unfit` when the store breaks its promise; the store's own errors when it cannot be used
 */
export async function proveStore(store: Store): Promise<void> {
  const folder = `proofs/${randomBytes(8).toString('hex')}/`;
  const path = `${folder}race`;
  try {
    const bytes = Array.from({ length: Writers }, () => randomBytes(64));
    const outcomes = await Promise.all(bytes.map((one) => store.put(path, one)));
    const winners = outcomes.flatMap((outcome, n) => (outcome === 'created' ? [bytes[n]] : []));
    const [winner] = winners;
    if (winner === undefined || winners.length > 1) {
      throw unfit(store, `${winners.length} of ${Writers} writers at the same time were told that they were the first`);
    }
    if (!winner.equals(await store.get(path))) throw unfit(store, 'what was read is not what the winner wrote');

    const listed: number[] = [];
    for await (const one of store.list(folder)) listed.push(one.bytes);
    if (listed.length !== 1 || listed[0] !== winner.length) throw unfit(store, 'what was written is not listed');
  } finally {
    await store.delete(path).catch(() => {});
  }
  for await (const left of store.list(folder)) {
    throw unfit(store, `what was deleted is still listed (${left.bytes} bytes)`);
  }
}

function unfit(store: Store, finding: string): LandfallError {
  return new LandfallError({
    code: 'staging.unfit',
    kind: 'permanent',
    what: `This place cannot hold staging: ${finding}.`,
    where: { path: store.name },
    hint: 'Use a folder on a local disk (not a network share), or a bucket that honours `If-None-Match: *`.',
  });
}
