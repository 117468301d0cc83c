import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NonceBytes = 12;
const TagBytes = 16;

/** AES-256-GCM: nonce, ciphertext and tag in one buffer. `context` is authenticated with it (NIST SP 800-38D). */
export function encrypt(key: Uint8Array, plain: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error when key, context or a single bit is not what it was */
export function decrypt(key: Uint8Array, sealed: Uint8Array, context: string): Buffer {
  const bytes = Buffer.from(sealed);
  if (bytes.length < NonceBytes + TagBytes) throw new Error('too short to be a sealed object');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NonceBytes));
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(bytes.length - TagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(NonceBytes, bytes.length - TagBytes)), decipher.final()]);
}
