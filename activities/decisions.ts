import { importSPKI, jwtVerify } from 'jose';
import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { appendEvidence, readEvidence } from '../staging/evidence.ts';
import type { Staging } from '../staging/index.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import type { DecisionAccepted, DecisionAction, DecisionAsked, RunRef } from './contract.ts';
import type { Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';

/** What an assertion says, besides who (`sub`), for which run (`aud`), once (`jti`) and until when (`exp`). */
const Claims = z.object({
  sub: z.string(),
  jti: z.string().min(16),
  action: z.string(),
  decision: z.string(),
  about: z.string().nullable(),
  /** The digest of what the person wrote; the text itself is staged. */
  comment: z.string().nullable().optional(),
});

/** A decision as the evidence keeps it. */
const Kept = z.object({
  decision: z.string(),
  about: z.string().nullable(),
  comment: z.string().nullable(),
  assertion: z.string(),
  asked: z.string(),
});

const allowed: Record<DecisionAction, 'owners' | 'engineers'> = {
  'sign-off': 'owners',
  'quality-gate': 'engineers',
  pause: 'engineers',
  resume: 'engineers',
  abort: 'engineers',
  replay: 'engineers',
};

function commentPath(run: string, digest: string): string {
  return `runs/${run}/comments/${digest.slice(0, 32)}.json`;
}

/** Stages what a person wrote with a decision. @returns its digest, which the assertion names */
export async function putComment(staging: Staging, comment: string): Promise<string> {
  return (await putSealed(staging, (digest) => commentPath(staging.run, digest), comment)).digest;
}

function refused(code: string, what: string, hint: string): LandfallError {
  return new LandfallError({ code: `decision.${code}`, kind: 'permanent', what, hint });
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
  const body = assertion.split('.')[1] ?? '';
  let unverified: z.infer<typeof Claims>;
  try {
    unverified = Claims.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  } catch {
    throw refused('malformed', 'The assertion cannot be read.', 'Use the landfall command of the same version.');
  }
  const person = plan.people[unverified.sub];
  if (!person || typeof person.publicKey !== 'string') {
    throw refused(
      'unknown-person',
      'The person is not in the plan.',
      'Decide as somebody whom the migration names as owner or engineer.',
    );
  }
  try {
    const key = await importSPKI(person.publicKey, 'EdDSA');
    await jwtVerify(assertion, key, {
      audience: of.run,
      subject: unverified.sub,
      clockTolerance: 5,
      currentDate: deps.now(),
    });
  } catch (error) {
    throw refused(
      'signature',
      `The assertion does not hold: ${error instanceof Error ? error.message : String(error)}.`,
      'Use the private key that belongs to the public key in the configuration, and a clock that is right.',
    );
  }
  if (unverified.action !== action) throw refused('action', 'The assertion is for another action.', 'Ask again.');
  if (!plan[allowed[action]].includes(unverified.sub)) {
    throw refused(
      'role',
      `Only ${allowed[action]} of the migration may do this.`,
      `They are: ${plan[allowed[action]].join(', ')}.`,
    );
  }
  if (of.about !== null && unverified.about !== of.about) {
    throw refused(
      'digest',
      'The decision names another report than the one that stands.',
      'Read the current report and decide again.',
    );
  }
  if (action === 'sign-off' && unverified.decision === 'signed' && unverified.sub === of.startedBy) {
    throw refused('own-run', 'Nobody signs their own run.', 'Ask another owner.');
  }
  if (action === 'sign-off' && unverified.decision === 'signed' && of.verdict !== 'whole') {
    throw refused(
      'not-whole',
      'The report is not «whole», and what is unexplained or unverified cannot be signed.',
      'Refuse it, mend what differs, and run again.',
    );
  }
  const { comment = null } = unverified;
  const written = comment === null ? null : await getSealed(staging, commentPath(of.run, comment), z.string(), comment);
  // Without its signature, whose last character may be written in sixteen ways that all hold.
  const said = assertion.slice(0, assertion.lastIndexOf('.') + 1);
  const record = await appendEvidence(
    staging,
    {
      kind: action,
      at: deps.now().toISOString(),
      by: unverified.sub,
      body: {
        decision: unverified.decision,
        about: unverified.about,
        comment: written,
        assertion,
        asked: of.asked,
      } satisfies z.infer<typeof Kept>,
    },
    (log) => {
      const used = log.some((one) => JSON.stringify(one.body).includes(said));
      if (used) throw refused('replayed', 'The assertion was used before.', 'Ask again; each counts once.');
    },
  );
  return { person: unverified.sub, decision: unverified.decision, about: unverified.about, record: record.number };
}
