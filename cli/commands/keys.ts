import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { makeKeyPair } from '../people.ts';
import { say } from '../print.ts';

export async function keys(person: string): Promise<void> {
  const pair = makeKeyPair();
  await writeFile(`${person}.key`, pair.privateKey, { mode: 0o600, flag: 'wx' });
  await writeFile(`${person}.pub`, pair.publicKey, { flag: 'wx' });
  say(`${resolve(`${person}.key`)} (keep it to yourself), ${resolve(`${person}.pub`)}`);
}
