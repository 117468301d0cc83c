import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { METADATA_ENCODING_KEY, type DataConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import proto from '@temporalio/proto';
import type { Config } from '../model/config.ts';
import { LandfallError } from '../model/errors.ts';
import { decrypt, encrypt } from '../staging/cipher.ts';
import { masterKeyFrom } from '../staging/index.ts';
import { secretResolver } from './secrets.ts';

/** Temporal's own samples and tools know encrypted payloads by these words. */
const Encrypted = 'binary/encrypted';
const KeyIdField = 'encryption-key-id';
/** Bytes of salt before each sealed payload: every payload has a key of its own, so that nonces never wear out. */
const SaltBytes = 16;

interface PayloadKey {
  id: string;
  secret: Uint8Array;
}

function keyFrom(given: Uint8Array | string): PayloadKey {
  const secret = masterKeyFrom(given, 'temporal.payloadKeys');
  const id = createHash('sha256').update('landfall payload key').update(secret).digest('hex').slice(0, 16);
  return { id, secret };
}

const ownKey = (secret: Uint8Array, salt: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, salt, 'landfall payload', 32));

function sealed(key: PayloadKey, payload: Payload): Payload {
  const plain = proto.temporal.api.common.v1.Payload.encode(payload).finish();
  const salt = randomBytes(SaltBytes);
  return {
    metadata: { [METADATA_ENCODING_KEY]: encode(Encrypted), [KeyIdField]: encode(key.id) },
    data: Buffer.concat([salt, encrypt(ownKey(key.secret, salt), plain, key.id)]),
  };
}

function wrongKey(id: string, cause?: unknown): LandfallError {
  return new LandfallError({
    code: 'temporal.payload-key',
    kind: 'permanent',
    what: cause
      ? `Something in Temporal's history was altered after it was encrypted with the payload key ${id}.`
      : `Temporal's history was encrypted with the payload key ${id}, which this process does not have.`,
    where: { setting: 'temporal.payloadKeys' },
    hint: cause
      ? 'Whoever may write to Temporal’s database may have done it. Compare with a backup.'
      : 'Add that key to the end of temporal.payloadKeys until every run that began under it has ended.',
    cause,
  });
}

function opened(keys: ReadonlyMap<string, PayloadKey>, payload: Payload): Payload {
  const { metadata, data } = payload;
  const encoding = metadata?.[METADATA_ENCODING_KEY];
  // What was written before encryption was turned on stays readable.
  if (!encoding || decode(encoding) !== Encrypted) return payload;
  const id = metadata?.[KeyIdField] ? decode(metadata[KeyIdField]) : '';
  const key = keys.get(id);
  if (!key || !data) throw wrongKey(id);
  try {
    const plain = decrypt(ownKey(key.secret, data.subarray(0, SaltBytes)), data.subarray(SaltBytes), id);
    return proto.temporal.api.common.v1.Payload.decode(plain);
  } catch (error) {
    throw wrongKey(id, error);
  }
}

/**
 * Encrypts what enters Temporal: AES-256-GCM over the whole payload, each under a key of its own (HKDF, RFC 5869), named
 * by the id of the key that it comes from.
 *
 * @param given 32 bytes each, or their base64 or hexadecimal text; the first encrypts, all of them decrypt
 * @throws LandfallError `staging.master-key`; the codec `temporal.payload-key`
 */
export function payloadCodec(given: readonly (Uint8Array | string)[]): PayloadCodec {
  const keys = given.map(keyFrom);
  const byId = new Map(keys.map((key) => [key.id, key]));
  const [first] = keys;
  return {
    encode: async (payloads) => (first ? payloads.map((payload) => sealed(first, payload)) : payloads),
    decode: async (payloads) => payloads.map((payload) => opened(byId, payload)),
  };
}

/** How everything that a configuration's processes exchange through Temporal is written: encrypted where it has keys. */
export function dataConverterOf(config: Config, folder: string): DataConverter {
  const secrets = secretResolver(folder);
  const keys = (config.temporal.payloadKeys ?? []).map(secrets);
  return keys.length === 0 ? {} : { payloadCodecs: [payloadCodec(keys)] };
}
