import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Said {
  code: number;
  out: string;
  err: string;
}

function run(args: readonly string[], of: { cwd: string; env?: Record<string, string> }): Promise<Said> {
  const env = { ...process.env, NO_COLOR: '1', ...of.env };
  return new Promise((ended) => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: of.cwd, env, maxBuffer: 16 * 1024 * 1024 },
      (error, out, err) => ended({ code: error ? Number(error.code) : 0, out, err }),
    );
    child.stdin?.end();
  });
}

/** The command as a person types it in a folder, with nobody at the terminal. */
export function landfallIn(folder: string, args: readonly string[], env: Record<string, string> = {}): Promise<Said> {
  return run([join(root, 'cli', 'main.ts'), ...args], { cwd: folder, env });
}

/** Stands for `npm install` in a new project: its `landfall` is this checkout. */
export async function install(folder: string): Promise<void> {
  const own = join(folder, 'node_modules', 'landfall');
  await mkdir(own, { recursive: true });
  const main = { types: './index.d.ts', default: './index.js' };
  await writeFile(
    join(own, 'package.json'),
    JSON.stringify({ name: 'landfall', type: 'module', exports: { '.': main } }),
  );
  const text = `export * from ${JSON.stringify(join(root, 'model', 'builders.ts'))};\n`;
  for (const file of ['index.js', 'index.d.ts']) await writeFile(join(own, file), text);
}

/** What the compiler has against a project, under the project's own settings. */
export async function typeErrors(folder: string): Promise<string> {
  const { out } = await run([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--noEmit', '-p', folder], {
    cwd: folder,
  });
  return out;
}

/** What the formatter would change, with lines as long as the generator's. */
export async function formatErrors(folder: string): Promise<Said> {
  const settings = join(root, '.oxfmtrc.json');
  return run([join(root, 'node_modules', 'oxfmt', 'bin', 'oxfmt'), '--check', '-c', settings, '.'], { cwd: folder });
}
