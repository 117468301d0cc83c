import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Config, type Person } from '../model/config.ts';
import { LandfallError } from '../model/errors.ts';

export interface LoadedConfig {
  config: Config;
  /** The folder that relative paths start from. */
  folder: string;
}

/** Checks a configuration that was read or made. @throws LandfallError `config.invalid` listing every mistake */
export function checkConfig(value: unknown, path: string): Config {
  const parsed = Config.safeParse(value);
  if (parsed.success) {
    const problems = dangling(parsed.data);
    if (problems.length === 0) return parsed.data;
    throw invalid(path, problems);
  }
  throw invalid(
    path,
    parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the top'}: ${issue.message}`),
  );
}

function invalid(path: string, problems: readonly string[]): LandfallError {
  return new LandfallError({
    code: 'config.invalid',
    kind: 'permanent',
    what: `The configuration has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}: ${problems.join('; ')}.`,
    where: { file: path },
    hint: 'Mend the file; an editor with TypeScript points at each.',
  });
}

/** Names that point at nothing. */
function dangling(config: Config): string[] {
  const problems: string[] = [];
  for (const [name, migration] of Object.entries(config.migrations)) {
    for (const side of ['source', 'target'] as const) {
      const connection = migration[side];
      if (connection !== undefined && !config.connections[connection])
        problems.push(`migrations.${name}.${side}: no connection ${connection}`);
    }
    for (const role of ['owners', 'engineers'] as const) {
      for (const person of migration[role]) {
        if (!config.people[person]) problems.push(`migrations.${name}.${role}: nobody is called ${person}`);
      }
    }
  }
  return problems;
}

/** Loads `landfall.config.ts` (or `.js`, `.mjs`). */
export async function loadConfig(given: string | undefined): Promise<LoadedConfig> {
  const names = given === undefined ? ['landfall.config.ts', 'landfall.config.mjs', 'landfall.config.js'] : [given];
  const path = names.map((name) => resolve(name)).find((one) => existsSync(one));
  if (path === undefined) {
    throw new LandfallError({
      code: 'config.missing',
      kind: 'permanent',
      what: 'There is no configuration file.',
      where: { file: resolve(names[0] ?? '') },
      hint: 'Run the command in the folder of landfall.config.ts, or name the file with --config.',
    });
  }
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (error) {
    throw new LandfallError({
      code: 'config.unreadable',
      kind: 'permanent',
      what: `The configuration cannot be loaded: ${error instanceof Error ? error.message : String(error)}.`,
      where: { file: path },
      hint: 'Check its syntax and imports.',
      cause: error,
    });
  }
  return { config: checkConfig(loaded.default, path), folder: dirname(path) };
}

/** People with their public keys as text. */
export function peopleOf({ config, folder }: LoadedConfig): Record<string, Person> {
  return Object.fromEntries(
    Object.entries(config.people).map(([id, person]) => {
      if (typeof person.publicKey === 'string') return [id, person];
      const path = resolve(folder, person.publicKey.file);
      try {
        return [id, { ...person, publicKey: readFileSync(path, 'utf8') }];
      } catch (error) {
        throw new LandfallError({
          code: 'config.public-key',
          kind: 'permanent',
          what: `The public key of ${id} cannot be read.`,
          where: { file: path },
          hint: 'Make a pair with `landfall keys`, and put the public key there.',
          cause: error,
        });
      }
    }),
  );
}
