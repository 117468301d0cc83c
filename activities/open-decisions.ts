import { readFile } from 'node:fs/promises';
import type { Problem } from '../model/errors.ts';
import type { RunMode } from '../model/plan.ts';

/** Something that a blueprint leaves to a person, where it says so. */
export interface OpenDecision {
  file: string;
  line: number;
  text: string;
}

const Begins = /^\s*\/\/ decide: (\S.*)$/;
/** Lines that are set in further are code to begin with, and no part of the sentence. */
const GoesOn = /^\s*\/\/ (\S.*)$/;

/** The comments of a file that begin with `decide:`, each with the lines of comment that follow it. */
export function decisionsIn(file: string, text: string): OpenDecision[] {
  const found: OpenDecision[] = [];
  let open: OpenDecision | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const begun = Begins.exec(line)?.[1];
    const more = GoesOn.exec(line)?.[1];
    if (begun !== undefined) {
      open = { file, line: index + 1, text: begun.trim() };
      found.push(open);
    } else if (open && more !== undefined) open.text += ` ${more.trim()}`;
    else open = null;
  }
  return found;
}

/** The decisions that the files of a blueprint leave open. */
export async function openDecisions(files: readonly string[]): Promise<OpenDecision[]> {
  const texts = await Promise.all(files.map(async (file) => decisionsIn(file, await readFile(file, 'utf8'))));
  return texts.flat();
}

/** Open decisions as findings: a rehearsal may leave them open, a live run may not. */
export function decisionProblems(decisions: readonly OpenDecision[], mode: RunMode): Problem[] {
  return decisions.map(({ file, line, text }) => ({
    code: 'blueprint.undecided',
    what: text,
    where: { file, line },
    hint:
      mode === 'live'
        ? 'A live run leaves nothing open: decide, and take the comment away.'
        : 'Decide, and take the comment away: a rehearsal may begin before, a live run may not.',
    severity: mode === 'live' ? 'error' : 'warning',
  }));
}
