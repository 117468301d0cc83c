import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const recorder = fileURLToPath(new URL('loaded-packages.ts', import.meta.url));
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'landfall-loading-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The packages that a command loads. */
async function packagesOf(...args: string[]): Promise<string[]> {
  const file = join(folder, args.join('-').replaceAll('/', '_'));
  const env = { ...process.env, NO_COLOR: '1', LOADED_PACKAGES: file };
  await new Promise((ended) => {
    execFile(process.execPath, ['--import', recorder, 'cli/main.ts', ...args], { env }, ended);
  });
  return (await readFile(file, 'utf8')).split('\n');
}

test.each(['--help', '--version', 'help run', 'sign-off --help', 'no-such-command', 'completion bash'])(
  'what the command’s own definition answers loads nothing else: landfall %s',
  async (words) => {
    expect(await packagesOf(...words.split(' '))).toEqual(['commander']);
  },
);

test('a command that only asks Temporal loads neither DuckDB, nor the worker, nor a driver', async () => {
  const packages = await packagesOf('-c', 'tests/cli/nowhere.config.ts', 'status', 'crm-live-1');
  expect(packages).toContain('@temporalio/client');
  const heavy = /^(@duckdb|@temporalio\/(worker|core-bridge)|@swc|webpack|esbuild|pg|knex|axios)/;
  expect(packages.filter((one) => heavy.test(one))).toEqual([]);
});
