import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SignJWT } from 'jose';
import type { AssertedAction } from '../activities/contract.ts';
import { LandfallError } from '../model/errors.ts';

/** An Ed25519 key pair in PEM: the private half stays with the person, the public half goes into the configuration. */
export function makeKeyPair(): { privateKey: string; publicKey: string } {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** How long an assertion may travel before it is too old, in seconds. */
const AssertionSeconds = 120;

/**
 * What a person asserts with their own key: this decision, for this run, on this digest, once.
 *
 * @param of.key path of the person's private key; default `LANDFALL_KEY`
 */
export async function assertDecision<Action extends AssertedAction>(of: {
  person: string;
  key: string | undefined;
  run: string;
  action: Action;
  decision: string;
  about: string | null;
  comment?: string | undefined;
}): Promise<{ action: Action; assertion: string }> {
  const path = of.key ?? process.env['LANDFALL_KEY'];
  let pem: string;
  try {
    if (path === undefined) throw new Error('no key');
    pem = readFileSync(resolve(path), 'utf8');
  } catch (error) {
    throw new LandfallError({
      code: 'decision.no-key',
      kind: 'permanent',
      what: 'Your private key cannot be read.',
      where: { person: of.person, ...(path === undefined ? {} : { file: resolve(path) }) },
      hint: 'Name its file with --key or in LANDFALL_KEY; `landfall keys NAME` makes a pair.',
      cause: error,
    });
  }
  const assertion = await new SignJWT({
    action: of.action,
    decision: of.decision,
    about: of.about,
    comment: of.comment ?? null,
  })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setSubject(of.person)
    .setAudience(of.run)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${AssertionSeconds}s`)
    .sign(createPrivateKey(pem));
  return { action: of.action, assertion };
}
