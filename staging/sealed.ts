import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { decrypt, encrypt } from './cipher.ts';
import type { Staging } from './index.ts';

/** SHA-256 in hexadecimal. */
export function digestOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function damaged(path: string, cause?: unknown): LandfallError {
  return new LandfallError({
    code: 'staging.altered',
    kind: 'permanent',
    what: 'A staged document is not what was written: it was altered or cut short.',
    where: { path },
    hint: 'Restore it from a backup of the staging folder, or start the run anew.',
    cause,
  });
}

/**
 * Puts a small document, encrypted with the run's key. Its path may be computed from the digest of what is stored.
 *
 * @returns the SHA-256 of the document's plain text, which is the same whoever writes it and however often
 */
export async function putSealed(
  staging: Staging,
  pathOf: string | ((digest: string) => string),
  value: unknown,
): Promise<{ path: string; digest: string; outcome: 'created' | 'exists' }> {
  const plain = Buffer.from(JSON.stringify(value));
  const digest = digestOf(plain);
  const path = typeof pathOf === 'string' ? pathOf : pathOf(digest);
  const outcome = await staging.store.put(path, encrypt(await staging.keyring.key('rows'), plain, path));
  return { path, digest, outcome };
}

/**
 * Reads a sealed document and, where a digest is given, proves that it is the one meant.
 *
 * @throws LandfallError `staging.gone`, `staging.altered`, `staging.version`
 */
export async function getSealed<T>(
  staging: Staging,
  path: string,
  schema: z.ZodType<T>,
  expected?: string,
): Promise<T> {
  const stored = await staging.store.get(path);
  const key = await staging.keyring.existing('rows');
  let plain: Buffer;
  try {
    plain = decrypt(key, stored, path);
  } catch (error) {
    throw damaged(path, error);
  }
  if (expected !== undefined && digestOf(plain) !== expected) throw damaged(path);
  const parsed = schema.safeParse(JSON.parse(plain.toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new LandfallError({
    code: 'staging.version',
    kind: 'misconfigured',
    what: 'A staged document is whole, but not of the form that this version of Landfall writes.',
    where: { path },
    hint: 'Go on with workers of the version that started the run, or start the run anew.',
    confidential: parsed.error.message,
  });
}
