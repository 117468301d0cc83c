import { createInterface } from 'node:readline/promises';
import { LandfallError } from '../../model/errors.ts';
import { dim } from '../print.ts';

/** Somebody who answers questions. */
export interface Asker {
  /** @returns what was typed, or `usual` for an empty line */
  ask(question: string, usual?: string): Promise<string>;
  close(): void;
}

/** The person at the terminal; null where there is none, or where output is for a program. */
export function terminalAsker(of: { json: boolean }): Asker | null {
  if (of.json || !process.stdin.isTTY || !process.stdout.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const gone = new Promise<never>((_, reject) => {
    lines.once('close', () =>
      reject(
        new LandfallError({
          code: 'init.stopped',
          kind: 'permanent',
          what: 'The questions were broken off: nothing was written.',
          hint: 'Run `landfall init` again, or give the answers as flags: `landfall init --help`.',
        }),
      ),
    );
  });
  gone.catch(() => {});
  return {
    async ask(question, usual) {
      const offer = usual === undefined || usual === '' ? '' : dim(` (${usual})`);
      const typed = await Promise.race([lines.question(`${question}${offer} `), gone]);
      return typed.trim() === '' ? (usual ?? '') : typed.trim();
    },
    close: () => lines.close(),
  };
}
