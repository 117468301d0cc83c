import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-launcher-'));
  for (const name of ['bin', 'cli', 'dist/cli', 'tools']) mkdirSync(join(folder, name), { recursive: true });
  for (const file of ['package.json', 'bin/landfall.cjs', 'tools/node-check.mjs']) {
    copyFileSync(join(root, file), join(folder, file));
  }
  writeFileSync(join(folder, 'dist/cli/main.js'), 'console.log("built", ...process.argv.slice(2))');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script of the copy, optionally under a Node that says it is another version. */
function run(script: string, ...args: string[]): { status: number | null; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, join(folder, script), 'check'], {
    encoding: 'utf8',
  });
  return { status, lines: `${stdout}${stderr}`.trim().split('\n') };
}

function pretending(version: string): string {
  const file = join(folder, 'pretend.cjs');
  writeFileSync(file, `Object.defineProperty(process.versions, 'node', { value: '${version}' })`);
  return `--require=${file}`;
}

it('starts what was built, with its arguments', () => {
  expect(run('bin/landfall.cjs')).toEqual({ status: 0, lines: ['built check'] });
});

it('keeps the young generation of its memory small, as a command of its own', () => {
  writeFileSync(join(folder, 'dist/cli/main.js'), 'console.log(...process.execArgv)');
  const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const { stdout } = spawnSync(join(folder, 'bin/landfall.cjs'), { encoding: 'utf8', env: { ...process.env, PATH } });
  expect(stdout.trim()).toBe('--max-semi-space-size=8');
});

it('starts the sources in a checkout, whatever was built there before', () => {
  writeFileSync(join(folder, 'cli/main.ts'), 'console.log("source" satisfies string, ...process.argv.slice(2))');
  expect(run('bin/landfall.cjs')).toEqual({ status: 0, lines: ['source check'] });
});

it.each(['18.20.8', '20.20.2', '22.17.1'])('names the remedy in one line on Node %s', (version) => {
  const { status, lines } = run('bin/landfall.cjs', pretending(version));
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringMatching(`needs Node 22.18.0 or later, but this is Node ${version}.*install`)]);
});

it.each(['22.18.0', '24.0.0', '100.1.0'])('starts on Node %s', (version) => {
  expect(run('bin/landfall.cjs', pretending(version)).status).toBe(0);
});

it('lets scripts run on the pinned Node only, and says in one line how to get it', () => {
  expect(run('tools/node-check.mjs')).toEqual({ status: 0, lines: [''] });
  const { status, lines } = run('tools/node-check.mjs', pretending('20.20.2'));
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/but this is Node 20\.20\.2.*npm ci/)]);
});
