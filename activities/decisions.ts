import { z } from 'zod';
import { appendEvidence, readEvidence } from '../staging/evidence.ts';
import type { Staging } from '../staging/index.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import { refused, requireUnused, verifiedAssertion } from './assertions.ts';
import type { DecisionAccepted, DecisionAsked, RunRef } from './contract.ts';
import type { Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';

/** A decision as the evidence keeps it. */
export const Kept = z.object({
  decision: z.string(),
  about: z.string().nullable(),
  comment: z.string().nullable(),
  assertion: z.string(),
  asked: z.string(),
});
export type Kept = z.infer<typeof Kept>;

function commentPath(run: string, digest: string): string {
  return `runs/${run}/comments/${digest.slice(0, 32)}.json`;
}

/** Stages what a person wrote with a decision. @returns its digest, which the assertion names */
export async function putComment(staging: Staging, comment: string): Promise<string> {
  return (await putSealed(staging, (digest) => commentPath(staging.run, digest), comment)).digest;
}

/**
 * Verifies a decision that a person asserted with their own key (JWS, RFC 7515, EdDSA), and appends it to the evidence
 * before it is acknowledged. Access to Temporal is not an identity.
 *
 * @throws LandfallError `decision.*` with the reason for the refusal
 */
export async function acceptDecision(deps: Dependencies, of: RunRef & DecisionAsked): Promise<DecisionAccepted> {
  const staging = await deps.staging(of.run);
  // An earlier try of this step may have appended it, and nobody heard of it: then it was verified in its time.
  for (const one of await readEvidence(staging)) {
    const kept = Kept.safeParse(one.body);
    if (!kept.success || kept.data.asked !== of.asked) continue;
    return { person: one.by, decision: kept.data.decision, about: kept.data.about, record: one.number };
  }
  const plan = await loadPlan(staging, of.plan);
  const { action, assertion } = of.decision;
  const claims = await verifiedAssertion(plan, { run: of.run, action, assertion, at: deps.now() });
  if (of.about !== null && claims.about !== of.about) {
    throw refused(
      'digest',
      'The decision names another report than the one that stands.',
      'Read the current report and decide again.',
    );
  }
  if (action === 'sign-off' && claims.decision === 'signed' && claims.sub === of.startedBy) {
    throw refused('own-run', 'Nobody signs their own run.', 'Ask another owner.');
  }
  if (action === 'sign-off' && claims.decision === 'signed' && of.verdict !== 'whole') {
    throw refused(
      'not-whole',
      'The report is not «whole», and what is unexplained or unverified cannot be signed.',
      'Refuse it, mend what differs, and run again.',
    );
  }
  const { comment = null } = claims;
  const written = comment === null ? null : await getSealed(staging, commentPath(of.run, comment), z.string(), comment);
  const record = await appendEvidence(
    staging,
    {
      kind: action,
      at: deps.now().toISOString(),
      by: claims.sub,
      body: {
        decision: claims.decision,
        about: claims.about,
        comment: written,
        assertion,
        asked: of.asked,
      } satisfies Kept,
    },
    (log) => requireUnused(log, assertion),
  );
  return { person: claims.sub, decision: claims.decision, about: claims.about, record: record.number };
}
