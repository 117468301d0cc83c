import type { Block } from './pages.ts';

/** A line that a reader would type, without comment, prompt and continuation. */
export interface Typed {
  block: Block;
  words: string[];
}

/** Splits a line as a shell does, as far as documentation needs it. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

/** Every command of a block of shell, in its order. `npx landfall` and `node … landfall` are `landfall`. */
export function typedIn(block: Block): Typed[] {
  const lines = block.text.replaceAll(/\\\n\s*/g, ' ').split('\n');
  return lines.flatMap((line) =>
    line
      .replace(/(^|\s)#\s.*$/, '')
      .split('&&')
      .map((one) => wordsOf(one.trim()))
      .map((words) => (words[0] === 'npx' ? words.slice(1) : words))
      .filter((words) => words.length > 0)
      .map((words) => ({ block, words })),
  );
}
