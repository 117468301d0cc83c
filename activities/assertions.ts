import { importSPKI, jwtVerify } from 'jose';
import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { EvidenceRecord } from '../staging/evidence.ts';
import type { AssertedAction } from './contract.ts';

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
export type Claims = z.infer<typeof Claims>;

const allowed: Record<AssertedAction, 'owners' | 'engineers'> = {
  'sign-off': 'owners',
  dispose: 'owners',
  'quality-gate': 'engineers',
  pause: 'engineers',
  resume: 'engineers',
  abort: 'engineers',
  replay: 'engineers',
};

export function refused(code: string, what: string, hint: string): LandfallError {
  return new LandfallError({ code: `decision.${code}`, kind: 'permanent', what, hint });
}

/**
 * Verifies what a person asserted with their own key (JWS, RFC 7515, EdDSA): who it is, that it is for this run and this
 * action, in time, and that the person may decide it.
 *
 * @param of.at the time at which it must hold
 * @throws LandfallError `decision.*` with the reason for the refusal
 */
export async function verifiedAssertion(
  plan: Plan,
  of: { run: string; action: AssertedAction; assertion: string; at: Date },
): Promise<Claims> {
  const { run, action, assertion, at } = of;
  const body = assertion.split('.')[1] ?? '';
  let claims: Claims;
  try {
    claims = Claims.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  } catch {
    throw refused('malformed', 'The assertion cannot be read.', 'Use the landfall command of the same version.');
  }
  const person = plan.people[claims.sub];
  if (!person || typeof person.publicKey !== 'string') {
    throw refused(
      'unknown-person',
      'The person is not in the plan.',
      'Decide as somebody whom the migration names as owner or engineer.',
    );
  }
  try {
    const key = await importSPKI(person.publicKey, 'EdDSA');
    await jwtVerify(assertion, key, { audience: run, subject: claims.sub, clockTolerance: 5, currentDate: at });
  } catch (error) {
    throw refused(
      'signature',
      `The assertion does not hold: ${error instanceof Error ? error.message : String(error)}.`,
      'Use the private key that belongs to the public key in the configuration, and a clock that is right.',
    );
  }
  if (claims.action !== action) throw refused('action', 'The assertion is for another action.', 'Ask again.');
  if (!plan[allowed[action]].includes(claims.sub)) {
    throw refused(
      'role',
      `Only ${allowed[action]} of the migration may do this.`,
      `They are: ${plan[allowed[action]].join(', ')}.`,
    );
  }
  return claims;
}

/** @throws LandfallError `decision.replayed`: each assertion counts once */
export function requireUnused(log: readonly EvidenceRecord[], assertion: string): void {
  // Without its signature, whose last character may be written in sixteen ways that all hold.
  const said = assertion.slice(0, assertion.lastIndexOf('.') + 1);
  if (!log.some((one) => JSON.stringify(one.body).includes(said))) return;
  throw refused('replayed', 'The assertion was used before.', 'Ask again; each counts once.');
}
