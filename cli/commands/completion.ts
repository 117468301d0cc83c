import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { candidatesFor, type Candidate, type Known } from '../completion/candidates.ts';
import { scripts, type Shell } from '../completion/scripts.ts';
import type { Config } from '../../model/config.ts';
import type { Shared } from '../options.ts';

export function completion(shell: Shell): void {
  process.stdout.write(scripts[shell]);
}

/** What the configuration holds. Whoever presses Tab is not told what is wrong with it. */
function knownFrom(config: string | undefined): Known {
  const listed = async (list: (config: Config) => Candidate[]): Promise<Candidate[]> => {
    const { loadConfig } = await import('../config.ts');
    const loaded = await loadConfig(config).catch(() => null);
    return loaded ? list(loaded.config) : [];
  };
  return {
    migration: () =>
      listed(({ migrations }) =>
        Object.entries(migrations).map(([value, of]) => ({
          value,
          description: `${of.source} to ${of.target ?? 'none yet'}`,
        })),
      ),
    person: () =>
      listed(({ people }) => Object.entries(people).map(([value, { name }]) => ({ value, description: name }))),
    part: () =>
      listed(({ migrations }) => {
        const sides = Object.values(migrations).flatMap(({ source, target }) => [
          `source/${source}`,
          ...(target === undefined ? [] : [`target/${target}`]),
        ]);
        return ['core', ...new Set(sides)].map((value) => ({ value, description: '' }));
      }),
  };
}

/** The configuration that the words name, where they do. */
function configIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '-c' || word === '--config');
  const named = at === -1 ? undefined : words.slice(at + 1).find((word) => word !== '=');
  return named !== undefined && existsSync(named) ? named : undefined;
}

/** Answers a shell that asks what may stand at the cursor. */
export async function completionAt(program: Command, shared: Shared, words: readonly string[]): Promise<void> {
  const known = knownFrom(shared.config ?? configIn(words));
  const { values, files } = await candidatesFor(program, words, known);
  for (const { value, description } of values) process.stdout.write(`${value}\t${description}\n`);
  if (files) process.stdout.write(':files\n');
}
