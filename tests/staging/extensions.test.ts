import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { signedExtension, verifySignature } from '../../staging/duckdb/extensions.ts';
import { temporaryFolder } from './open-staging.ts';

const run = promisify(execFile);
const module = fileURLToPath(new URL('../../staging/duckdb/extensions.ts', import.meta.url));
const checksums = fileURLToPath(new URL('../../staging/duckdb/extension-checksums.json', import.meta.url));

interface Answer {
  file?: string;
  code?: string;
  hint?: string;
  lines: string[];
}

/** Asks for httpfs in a process of its own, which knows nothing of what was found before, and has no network. */
async function asked(env: Record<string, string>): Promise<Answer> {
  const script = `
    const { signedExtension } = await import(${JSON.stringify(module)});
    const lines = [];
    const answer = await signedExtension('httpfs', (line) => lines.push(line)).then(
      (file) => ({ file }), (error) => ({ code: error.code, hint: error.hint ?? String(error) }));
    console.log(JSON.stringify({ ...answer, lines }));`;
  const offline = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', PATH: '/nowhere' };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...offline, HOME: '/nowhere', ...env },
    timeout: 60_000,
  });
  return JSON.parse(stdout) as Answer;
}

describe("DuckDB's signed extensions", () => {
  test('are had from the folder that the operator names', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'httpfs.duckdb_extension');
    await copyFile(await signedExtension('httpfs'), file);
    expect(await asked({ LANDFALL_DUCKDB_EXTENSIONS: folder })).toEqual({ file, lines: [] });
  });

  test("are had from the user's cache without a network", async () => {
    const cached = await signedExtension('httpfs');
    const [platform = '', version = ''] = cached.split('/').toReversed().slice(1, 3);
    const cache = await temporaryFolder();
    const folder = join(cache, 'landfall', 'duckdb', version, platform);
    await mkdir(folder, { recursive: true });
    await copyFile(cached, join(folder, basename(cached)));
    expect(await asked({ XDG_CACHE_HOME: cache })).toEqual({ file: join(folder, basename(cached)), lines: [] });
    expect(await readdir(folder)).toEqual([basename(cached)]);
  });

  test('that are not what they should be are refused', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'httpfs.duckdb_extension'), 'not an extension');
    expect(await asked({ LANDFALL_DUCKDB_EXTENSIONS: folder })).toMatchObject({ code: 'duckdb.extension-checksum' });
  });

  test('that cannot be had at all end in one error that names every remedy', async () => {
    const answer = await asked({ XDG_CACHE_HOME: await temporaryFolder() });
    expect(answer.code).toBe('duckdb.extension-missing');
    expect(answer.hint).toMatch(/extension server.*pip download.*LANDFALL_DUCKDB_EXTENSIONS/);
    expect(answer.lines).toHaveLength(1);
  });

  test('that were touched after they were verified are verified again before they are loaded', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'httpfs.duckdb_extension');
    await copyFile(await signedExtension('httpfs'), file);
    const script = `
      const { signedExtension } = await import(${JSON.stringify(module)});
      const { appendFile } = await import('node:fs/promises');
      await signedExtension('httpfs');
      await appendFile(${JSON.stringify(file)}, 'more');
      console.log(JSON.stringify(await signedExtension('httpfs').then(() => 'taken', (error) => error.code)));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, LANDFALL_DUCKDB_EXTENSIONS: folder },
    });
    expect(JSON.parse(stdout)).toBe('duckdb.extension-checksum');
  });

  test('are of the digests that are recorded for them', async () => {
    for (const name of ['httpfs', 'postgres_scanner'] as const) {
      await expect(verifySignature(name, await signedExtension(name))).resolves.toBeUndefined();
    }
  });

  test('are taken by DuckDB’s own word where no digest is recorded', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'httpfs.duckdb_extension');
    await copyFile(await signedExtension('httpfs'), file);
    const script = `
      const { signedExtension } = await import(${JSON.stringify(module)});
      const { default: checksums } = await import(${JSON.stringify(checksums)}, { with: { type: 'json' } });
      const { readFile, rename, writeFile } = await import('node:fs/promises');
      for (const platform of Object.keys(checksums)) delete checksums[platform];
      const taken = () => signedExtension('httpfs').then(() => 'taken', (error) => error.code);
      const untouched = await taken();
      const bytes = await readFile(${JSON.stringify(file)});
      bytes[1_000_000] ^= 1;
      await writeFile(${JSON.stringify(`${file}.new`)}, bytes);
      await rename(${JSON.stringify(`${file}.new`)}, ${JSON.stringify(file)});
      console.log(JSON.stringify([untouched, await taken()]));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, LANDFALL_DUCKDB_EXTENSIONS: folder },
    });
    expect(JSON.parse(stdout)).toEqual(['taken', 'duckdb.extension-unsigned']);
  });
});
