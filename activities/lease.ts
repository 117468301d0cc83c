import { setTimeout as sleep } from 'node:timers/promises';
import type { LeaseRef, Source } from '../connectors/port.ts';
import { LandfallError } from '../model/errors.ts';
import type { RunRef } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan, putLease, readLease } from './documents.ts';

function lost(epoch: number, cause?: unknown): LandfallError {
  return new LandfallError({
    code: 'lease.lost',
    kind: 'permanent',
    what: 'The snapshot of the source is gone.',
    where: { lease: epoch },
    hint: 'The run opens a new one by itself and keeps every chunk that still stands.',
    cause,
  });
}

/** Holds the source's snapshot open until cancelled. Fails when it is lost, so that the run can open another. */
export async function holdLease(deps: Dependencies, of: RunRef & { epoch: number }, beat: Beat): Promise<void> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const source = await deps.source(plan.source.name);
  if (!source.openLease) throw lost(of.epoch);
  // A second attempt cannot reopen the first one's snapshot: the epoch is spent.
  if ((await readLease(staging, of.epoch)) !== null) throw lost(of.epoch);
  const lease = await source.openLease();
  try {
    if (!(await putLease(staging, of.epoch, { token: lease.token, position: lease.position }))) throw lost(of.epoch);
    let gone: LandfallError | null = null;
    void lease.lost.then((error) => (gone = error));
    while (!beat.signal.aborted) {
      beat.beat(of.epoch);
      // eslint-disable-next-line typescript/no-unnecessary-condition
      if (gone !== null) throw lost(of.epoch, gone);
      await sleep(Math.min(1000, plan.options.leaseBeatMs), undefined, { signal: beat.signal }).catch(() => {});
    }
  } finally {
    await lease.release();
  }
}

/** Waits until the lease's holder has put it where readers find it. */
export async function awaitLease(deps: Dependencies, of: RunRef & { epoch: number }, beat: Beat): Promise<void> {
  const staging = await deps.staging(of.run);
  while ((await readLease(staging, of.epoch)) === null) {
    beat.beat();
    await sleep(50, undefined, { signal: beat.signal });
  }
}

/** The lease that a step reads under. @throws LandfallError `lease.lost` */
export async function leaseOf(deps: Dependencies, run: string, epoch: number | null): Promise<LeaseRef | undefined> {
  if (epoch === null) return undefined;
  const lease = await readLease(await deps.staging(run), epoch);
  if (!lease) throw lost(epoch);
  return lease;
}

/** Nobody can say now whether the snapshot is there: then nothing that failed in it has failed for good. */
function unreachable(epoch: number, error: unknown): LandfallError {
  const known = error instanceof LandfallError ? error : null;
  return new LandfallError({
    code: 'source.lost',
    kind: 'transient',
    what: 'Reading from the source broke off, and the source cannot be asked whether its snapshot is still there.',
    where: { ...known?.where, lease: epoch },
    hint: 'Landfall tries again; check the network if it goes on.',
    ...(known?.confidential === undefined ? {} : { confidential: known.confidential }),
    cause: error,
  });
}

/** When reading failed: was it because the snapshot is gone? Then the run needs a new one rather than a retry. */
export async function explainReadFailure(
  source: Pick<Source, 'isAlive'>,
  lease: LeaseRef | undefined,
  epoch: number | null,
  error: unknown,
): Promise<unknown> {
  if (!lease || epoch === null || !source.isAlive) return error;
  // A snapshot that does not show what was there is as good as none.
  if (error instanceof LandfallError && error.code === 'source.rewritten') return lost(epoch, error);
  try {
    return (await source.isAlive(lease)) ? error : lost(epoch, error);
  } catch (refused) {
    // A password that was changed meanwhile is no lost connection.
    const forGood = refused instanceof LandfallError && refused.kind !== 'transient';
    return forGood ? refused : unreachable(epoch, error);
  }
}
