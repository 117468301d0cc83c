import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import build from '../../tsconfig.build.json' with { type: 'json' };

/** A copy of the product in which something was changed, as a later release would have it. */
export interface OtherBuild {
  /** The folder that holds the product's folders. */
  root: URL;
  /** The command's source, for `node`. */
  command: string;
  close(): Promise<void>;
}

const product = fileURLToPath(new URL('../../', import.meta.url));

/** What a later release may do: ask something more of the server, between two stages of a run. */
const Before = '    if ((await pass(run)) === false) return;';
const More = 'await condition(() => false, 1);';

/** @param how whether runs that began before it are told from those that begin under it */
export async function otherBuild(how: 'patched' | 'heedless'): Promise<OtherBuild> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-build-'));
  const folders = build.include.map((pattern) => pattern.replace(/\/.*$/, ''));
  for (const one of [...folders, 'package.json'].filter((name) => existsSync(join(product, name)))) {
    await cp(join(product, one), join(folder, basename(one)), { recursive: true });
  }
  await symlink(join(product, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'workflows/migration.ts');
  const code = await readFile(file, 'utf8');
  if (code.split(Before).length !== 2) throw new Error(`workflows/migration.ts does not hold exactly once: ${Before}`);
  const more = how === 'patched' ? `    if (patched('tests.later')) ${More}` : `    ${More}`;
  const changed = code.replace(Before, `${more}\n${Before}`).replace('  setHandler,\n', '  patched,\n  setHandler,\n');
  await writeFile(file, changed);
  return {
    root: pathToFileURL(`${folder}/`),
    command: join(folder, 'cli/main.ts'),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
