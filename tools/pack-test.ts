import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Proves that what would be published works where nothing else of the project is: packs it, installs the tarball into
 * an empty folder, and runs the command there, as this user and as a plain one. Needs `npm run build` before.
 */

/** The account that owns nothing, under its usual number. */
const nobody = 65_534;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const folder = mkdtempSync(join(tmpdir(), 'landfall-pack-'));
const installed = join(folder, 'installed');

/** What must be in the package beside the command itself. */
const Carried = ['LICENSE', 'NOTICE', 'README.md', 'dist/THIRD-PARTY.txt', 'dist/workflows.bundle.js'];

class PackTestFailure extends Error {}

interface Running {
  cwd: string;
  uid?: number;
  /** The home folder of that user. */
  home?: string;
}

function run(command: string, args: string[], { cwd, uid, home }: Running): SpawnSyncReturns<string> {
  // The pinned Node lies in the checkout, which a plain user may not be able to reach: its copy does not.
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}` };
  if (home !== undefined) Object.assign(env, { HOME: home, npm_config_cache: join(home, '.npm') });
  const as = uid === undefined ? {} : { uid, gid: uid };
  return spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 300_000, ...as });
}

/** @throws PackTestFailure with what the command said, unless it ended with 0 */
function must(result: SpawnSyncReturns<string>, what: string): string {
  if (result.status === 0) return result.stdout;
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim();
  throw new PackTestFailure(`${what} ended with ${result.status ?? result.error?.message}:\n${said}`);
}

interface Packed {
  size: number;
  unpackedSize: number;
  files: { path: string }[];
}

const kib = (bytes: number): string => `${Math.round(bytes / 1024).toLocaleString('en-GB')} KiB`;

/** Says how large the package is, and sees that it names what it brings along. */
function sayPackage(json: string): void {
  const told = JSON.parse(json) as Packed[] | Record<string, Packed>;
  const [packed] = Object.values(told);
  if (!packed) throw new PackTestFailure('npm pack says nothing of the package.');
  const { size, unpackedSize, files } = packed;
  console.log(`pack test: ${kib(size)} packed, ${kib(unpackedSize)} in ${files.length} files`);
  const missing = Carried.filter((path) => !files.some((one) => one.path === path));
  if (missing.length > 0) throw new PackTestFailure(`The package lacks ${missing.join(', ')}.`);
}

function install(): void {
  for (const name of ['bin', 'installed', 'home']) mkdirSync(join(folder, name));
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'home'), 0o777);
  copyFileSync(process.execPath, join(folder, 'bin', 'node'));
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  sayPackage(must(run('npm', pack, { cwd: root }), 'npm pack'));
  writeFileSync(join(installed, 'package.json'), '{ "name": "pack-test", "private": true }\n');
  const tarball = join(folder, `landfall-${version}.tgz`);
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball];
  must(run('npm', args, { cwd: installed }), 'npm install of the tarball');
}

function tryCommand(who: string, as: Omit<Running, 'cwd'>): void {
  const said = (argument: string): string =>
    must(
      run('npx', ['--no-install', 'landfall', argument], { cwd: installed, ...as }),
      `landfall ${argument} as ${who}`,
    );
  const answer = said('--version').trim();
  if (answer !== version) throw new PackTestFailure(`landfall --version as ${who} said "${answer}", not ${version}.`);
  if (!said('--help').includes('Usage')) throw new PackTestFailure(`landfall --help as ${who} shows no usage.`);
  console.log(`pack test: landfall ${answer} answers as ${who}`);
}

try {
  if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) {
    throw new PackTestFailure('There is no dist/cli/main.js: run `npm run build` first.');
  }
  install();
  const self = process.getuid?.();
  tryCommand(self === 0 ? 'root' : 'this user', {});
  if (self === 0) tryCommand('a plain user', { uid: nobody, home: join(folder, 'home') });
  else console.log('pack test: not run as root, so there is no other user to try');
} catch (error) {
  console.error(`pack test: ${error instanceof PackTestFailure ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
