import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SecretResolver } from '../connectors/port.ts';
import { LandfallError } from '../model/errors.ts';
import type { SecretRef } from '../model/names.ts';

/** Reads secrets where the configuration points: environment variables, or files relative to the configuration. */
export function secretResolver(folder: string): SecretResolver {
  return (reference: SecretRef) => {
    if ('env' in reference) {
      const value = process.env[reference.env];
      if (value !== undefined && value !== '') return value;
      throw new LandfallError({
        code: 'config.secret',
        kind: 'misconfigured',
        what: `The environment variable ${reference.env} is not set.`,
        where: { variable: reference.env },
        hint: 'Set it for this command and for every worker.',
      });
    }
    try {
      return readFileSync(resolve(folder, reference.file), 'utf8').trim();
    } catch (error) {
      throw new LandfallError({
        code: 'config.secret',
        kind: 'misconfigured',
        what: 'A file that holds a secret cannot be read.',
        where: { path: resolve(folder, reference.file) },
        hint: 'Put the file there and let this account read it.',
        cause: error,
      });
    }
  };
}
