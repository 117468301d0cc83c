import { LandfallError } from '../model/errors.ts';
import { appendEvidence } from '../staging/evidence.ts';
import { requireUnused, verifiedAssertion } from './assertions.ts';
import type { Kept } from './decisions.ts';
import type { Dependencies } from './dependencies.ts';
import { findPlan } from './documents.ts';
import { restrictedKey } from './parts.ts';

export interface Disposed {
  /** Data keys that are gone now, and with them all that they encrypted. */
  keys: string[];
  /** The record of evidence that says who decided it. */
  record: number;
}

/**
 * Disposes of what is restricted in a run that has ended: side files, rejects and what was read back of restricted fields
 * lie under keys of their own, and their keys are deleted. Reports, evidence and all other rows stay readable, and every
 * file stays where it was, so that an audit still proves it by its digest. The decision is evidence before it is done.
 *
 * @throws LandfallError `decision.*`; `dispose.nothing` where the run has no restricted fields
 */
export async function disposeRestricted(deps: Dependencies, of: { run: string; assertion: string }): Promise<Disposed> {
  const staging = await deps.staging(of.run);
  const { digest, plan } = await findPlan(staging);
  const at = deps.now();
  const claims = await verifiedAssertion(plan, { ...of, action: 'dispose', at });
  const { kept } = await staging.keyring.names();
  const due = plan.blueprint.entities.map(restrictedKey).filter((name) => kept.includes(name));
  if (due.length === 0) {
    throw new LandfallError({
      code: 'dispose.nothing',
      kind: 'permanent',
      what: 'The run holds nothing restricted, or it was disposed of already.',
      where: { run: of.run },
      hint: '`landfall verify` lists what was disposed of.',
    });
  }
  const body = {
    decision: claims.decision,
    about: digest,
    comment: null,
    assertion: of.assertion,
    asked: 'dispose',
  } satisfies Kept;
  const record = await appendEvidence(staging, { kind: 'dispose', at: at.toISOString(), by: claims.sub, body }, (log) =>
    requireUnused(log, of.assertion),
  );
  for (const name of due) await staging.keyring.dispose(name);
  return { keys: due, record: record.number };
}
