import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError, type Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { program } from '../../cli/program.ts';
import { typedIn, type Typed } from './commands.ts';
import { readPages, root } from './pages.ts';

const scripts = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).scripts;
const shells = readPages()
  .flatMap((page) => page.blocks)
  .filter((block) => block.language === 'sh');
/** Commands in running text and in tables: `landfall run crm --as emil`. */
const inText = readPages().flatMap((page) =>
  [...readFileSync(join(root, page.path), 'utf8').matchAll(/`(landfall(?: [^`\n]+)+)`/g)].map(([, code = '']) => ({
    page: page.path,
    code,
  })),
);

/** Does nothing where it did something, so that a line is parsed and no more. */
function disarm(command: Command): void {
  command.action(() => {});
  command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  for (const one of command.commands) disarm(one);
}

beforeAll(() => disarm(program));

/** What the command has against a line, or null. */
async function refused(words: readonly string[]): Promise<string | null> {
  try {
    await program.parseAsync([...words], { from: 'user' });
    return null;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode !== 0) return error.message;
    return error instanceof CommanderError ? null : String(error);
  }
}

async function wrong({ words, block }: Typed): Promise<string | null> {
  const [first, second, third] = words;
  const said =
    first === 'landfall'
      ? await refused(words.slice(1))
      : first === 'npm' && second === 'run' && scripts[third ?? ''] === undefined
        ? `there is no script ${third}`
        : null;
  return said === null ? null : `${block.page}:${block.line}: ${words.join(' ')}: ${said}`;
}

describe('what pages tell their readers to type', () => {
  test('is taken by the command, and by the scripts of package.json', async () => {
    const typed = shells.flatMap(typedIn);
    expect(typed.filter(({ words }) => words[0] === 'landfall').length).toBeGreaterThan(20);
    const found: string[] = [];
    for (const one of typed) found.push(...[(await wrong(one)) ?? []].flat());
    expect(found).toEqual([]);
  });

  test('is taken by the command in running text too, as far as its options go', async () => {
    expect(inText.length).toBeGreaterThan(20);
    const found: string[] = [];
    for (const { page, code } of inText) {
      const words = code.split(/\s+/).slice(1);
      // Text may leave out what a reader knows by then, and shows alternatives.
      const said = await refused(words.filter((word) => !/^[[<|…]|[\]>…]$|\.\.\.$/.test(word)));
      const leaves = said !== null && /missing required argument|required option|argument missing/.test(said);
      if (said !== null && !leaves) found.push(`${page}: ${code}: ${said}`);
    }
    expect(found).toEqual([]);
  });
});
