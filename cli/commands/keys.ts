import type { Shared } from '../options.ts';
import { writeOutput } from '../output.ts';
import { makeKeyPair } from '../people.ts';
import { say, sayJson } from '../print.ts';

export async function keys(shared: Shared, person: string): Promise<void> {
  const pair = makeKeyPair();
  const privateKey = await writeOutput(`${person}.key`, pair.privateKey, { mode: 0o600, anew: true });
  const publicKey = await writeOutput(`${person}.pub`, pair.publicKey, { anew: true });
  if (shared.json) return sayJson({ person, privateKey, publicKey });
  say(`${privateKey}  stays with ${person}, who signs with it: it is given to nobody`);
  say(`${publicKey}  goes into the configuration, under people`);
}
