import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** How each shell is asked what may stand at the end of a line: as a person who presses Tab there would be answered. */
const asks = {
  bash: (script: string, words: readonly string[]) => [
    '--norc',
    '-c',
    `source ${script}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
     _landfall 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (script: string, words: readonly string[]) => [
    '-f',
    '-c',
    `compdef() {}; _describe() { print -l -- "\${found[@]%%:*}" }; _files() { print -l -- * }; source ${script}
     words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; _landfall`,
  ],
  fish: (script: string, words: readonly string[]) => [
    '--no-config',
    '-c',
    `source ${script}; complete -C '${words.join(' ')}'`,
  ],
} as const;
const shells = (Object.keys(asks) as (keyof typeof asks)[]).filter((one) => !spawnSync(one, ['--version']).error);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-completion-'));
  await writeFile(join(folder, 'landfall'), `#!/bin/sh\nexec ${process.execPath} ${resolve('cli/main.ts')} "$@"\n`);
  await chmod(join(folder, 'landfall'), 0o755);
  await writeFile(
    join(folder, 'landfall.config.mjs'),
    `export default ${JSON.stringify({
      staging: { folder: 'staging', masterKey: { env: 'KEY' } },
      temporal: { address: '127.0.0.1:9' },
      connections: {
        old: { kind: 'postgres', host: 'h', database: 'd', user: 'u' },
        new: { kind: 'odata-v4', url: 'https://h/', auth: { kind: 'none' } },
      },
      people: {
        olga: { name: 'Olga Owner', roles: ['owner'], publicKey: { file: 'k.pub' } },
        emil: { name: 'Emil Engineer', roles: ['engineer'], publicKey: { file: 'k.pub' } },
      },
      migrations: {
        crm: { blueprint: 'x.ts', source: 'old', target: 'new', owners: ['olga'], engineers: ['emil'] },
        erp: { blueprint: 'x.ts', source: 'old', target: 'new', owners: ['olga'], engineers: ['emil'] },
      },
    })};\n`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(program: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}`, HOME: folder };
  return new Promise((ended) => execFile(program, args, { cwd: folder, env }, (_error, out) => ended(out)));
}

test('bash is among the shells that are tried', () => expect(shells).toContain('bash'));

describe.each(shells)('in %s', (shell) => {
  /** What is offered for a line whose last word the cursor is at. */
  const offered = async (line: string): Promise<string[]> => {
    const lines = await run(shell, asks[shell](join(folder, `completion.${shell}`), line.split(' ')));
    return lines
      .split('\n')
      .map((one) => one.split('\t')[0] ?? '')
      .filter((one) => one !== '');
  };

  beforeAll(async () => {
    await writeFile(join(folder, `completion.${shell}`), await run(join(folder, 'landfall'), ['completion', shell]));
  });

  test('commands and options are those of the command', async () => {
    expect(await offered('landfall s')).toEqual(expect.arrayContaining(['status', 'sign-off']));
    expect(await offered('landfall s')).not.toContain('check');
    expect(await offered('landfall ')).not.toContain('completion-at');
    expect(await offered('landfall run crm --l')).toEqual(['--live']);
    expect(await offered('landfall run crm --j')).toEqual(['--json']);
    expect((await offered('landfall gate a-run --decision ')).toSorted()).toEqual(['load', 'stop']);
  });

  test('migrations, people and parts are those of the configuration', async () => {
    expect((await offered('landfall run ')).toSorted()).toEqual(['crm', 'erp']);
    expect(await offered('landfall run crm --as em')).toEqual(['emil']);
    expect(await offered('landfall worker --only core so')).toEqual(['source/old']);
    expect(await offered('landfall -c nowhere.ts check ')).toEqual(expect.any(Array));
  });

  test('files are offered where a file is wanted, and nowhere else', async () => {
    expect(await offered('landfall -c landfall.con')).toContain('landfall.config.mjs');
    expect(await offered('landfall run crm ')).toEqual([]);
  });
});
