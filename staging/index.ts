import { mkdir } from 'node:fs/promises';
import { LandfallError } from '../model/errors.ts';
import type { DuckBudget } from './duckdb/budget.ts';
import { openKeyring, type Keyring } from './keyring.ts';
import type { Store } from './store.ts';

/** Everything that reading and writing one run's staged objects takes. */
export interface Staging {
  readonly run: string;
  readonly store: Store;
  readonly keyring: Keyring;
  readonly budget: DuckBudget;
  /** A local folder for work in progress. */
  readonly scratch: string;
}

/**
 * Opens the staging of one run.
 *
 * @param options.masterKey 32 bytes, or their base64 or hexadecimal text; several while one takes over from another
 * @throws LandfallError `staging.master-key` when the key is not 32 bytes
 */
export async function openStaging(options: {
  run: string;
  store: Store;
  masterKey: Uint8Array | string | readonly (Uint8Array | string)[];
  budget: DuckBudget;
  scratch: string;
}): Promise<Staging> {
  const { masterKey } = options;
  const given = typeof masterKey === 'string' || masterKey instanceof Uint8Array ? [masterKey] : masterKey;
  const masters = given.map((one) => masterKeyFrom(one));
  await mkdir(options.scratch, { recursive: true });
  return {
    run: options.run,
    store: options.store,
    keyring: openKeyring(options.store, options.run, masters),
    budget: options.budget,
    scratch: options.scratch,
  };
}

/**
 * A key as it may be configured: 32 bytes, or their base64 or hexadecimal text.
 *
 * @param setting where it was configured
 * @throws LandfallError `staging.master-key`
 */
export function masterKeyFrom(given: Uint8Array | string, setting = 'staging.masterKey'): Uint8Array {
  if (typeof given !== 'string') {
    if (given.length === 32) return given;
  } else {
    const text = given.trim();
    const bytes = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
    if (bytes.length === 32) return bytes;
  }
  throw new LandfallError({
    code: 'staging.master-key',
    kind: 'misconfigured',
    what: 'A key is not 32 bytes long.',
    where: { setting },
    hint: 'Make one with `openssl rand -base64 32` and put it where the configuration points.',
  });
}
