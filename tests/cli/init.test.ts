import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InitFlags } from '../../cli/init/answers.ts';
import { init } from '../../cli/init/init.ts';
import { LandfallError } from '../../model/errors.ts';
import { makeLanding, type Landing } from '../e2e/landing.ts';
import { install, landfallIn, typeErrors, type Said } from './new-project.ts';
import { askerWith } from './an-asker.ts';

let landing: Landing;
let root: string;
const secrets = { CRM_PASSWORD: 'landfall_reader_sandbox', CLOUD_SECRET: 'sandbox-secret' };

beforeAll(async () => {
  landing = await makeLanding({ temporal: '127.0.0.1:9', size: 400 });
  // What its account may not enter does not exist for a proposal.
  await landing.legacy('CREATE SCHEMA closed');
  await landing.legacy('CREATE TABLE closed.hidden (id integer PRIMARY KEY)');
  root = await mkdtemp(join(tmpdir(), 'landfall-init-'));
});

afterAll(async () => {
  await landing.close();
  await rm(root, { recursive: true, force: true });
});

/** In this process the secrets are set for as long as they are needed. */
async function withSecrets(work: () => Promise<void>): Promise<void> {
  Object.assign(process.env, secrets);
  try {
    await work();
  } finally {
    for (const name of Object.keys(secrets)) Reflect.deleteProperty(process.env, name);
  }
}

const source = (): string => `postgres://landfall_reader@127.0.0.1:${landing.postgres.port}/legacy_crm`;
const target = (): string => landing.cloud.url.replace('//', '//landfall@');
/** Flags as a person types them; no value holds a space. */
const flags = (): string[] =>
  [
    `--source ${source()} --password-env CRM_PASSWORD`,
    `--target ${target()} --target-secret-env CLOUD_SECRET --target-token-url ${landing.cloud.tokenUrl}`,
    '--name crm --engineer emil --owner olga --time-zone Europe/Zurich',
  ].flatMap((line) => line.split(' '));
const make = (folder: string, args: string[], env: Record<string, string> = secrets): Promise<Said> =>
  landfallIn(root, ['init', folder, ...args], env);

test('makes a project that `landfall check` calls ready, with what is left to decide in words', async () => {
  const said = await make('crm', flags());
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toContain('landfall run crm --as emil');
  const folder = join(root, 'crm');
  await install(folder);
  expect(await typeErrors(folder)).toBe('');

  const check = await landfallIn(folder, ['check'], secrets);
  expect(check).toMatchObject({ code: 0, out: expect.stringContaining('ready crm') });
  expect(check.out).toMatch(/blueprints\/crm\/organisation\.ts:\d+ {2}is accounts the place for organisation\?/);
  expect(check.out).toMatch(/crm\.system_state has no primary key/);

  const live = await landfallIn(folder, ['run', 'crm', '--as', 'emil', '--live'], secrets);
  expect(live.code).toBe(3);
  expect(live.err).toContain('error blueprint.undecided');
});

test('writes secrets as references alone, keys for nobody else to read, and two people', async () => {
  await make('kept', flags());
  const folder = join(root, 'kept');
  const config = await readFile(join(folder, 'landfall.config.ts'), 'utf8');
  expect(config).toContain(`password: env('CRM_PASSWORD')`);
  expect(config).toContain(`clientSecret: env('CLOUD_SECRET')`);
  for (const secret of Object.values(secrets)) expect(config).not.toContain(secret);
  expect(config).toMatch(/olga: \{[^}]*roles: \['owner'\]/);
  expect(config).toMatch(/emil: \{[^}]*roles: \['engineer'\]/);
  for (const key of ['master.key', 'olga.key', 'emil.key']) {
    expect((await stat(join(folder, 'keys', key))).mode & 0o777).toBe(0o600);
  }
  const ignored = await readFile(join(folder, '.gitignore'), 'utf8');
  expect(ignored.split('\n')).toEqual(expect.arrayContaining(['keys/', 'staging/', 'node_modules/']));
});

test('writes nothing over what is there', async () => {
  const folder = await mkdtemp(join(root, 'full-'));
  await writeFile(join(folder, 'package.json'), '{}\n');
  const said = await make(folder, flags());
  expect(said).toMatchObject({ code: 1, err: expect.stringContaining('There is package.json already') });
  expect(await readFile(join(folder, 'package.json'), 'utf8')).toBe('{}\n');
  await expect(stat(join(folder, 'landfall.config.ts'))).rejects.toThrow('ENOENT');
});

test('asks nobody where there is no terminal, and names the flags', async () => {
  expect(await make('none', [])).toMatchObject({ code: 1, err: expect.stringMatching(/--source and --target/) });
  expect((await make('none', ['--source', source()])).err).toMatch(/--target is not given/);
});

test('takes no secret on the command line, and does not repeat it', async () => {
  const said = await make('none', ['--source', source().replace('@', ':hunter2@'), '--target', 'none']);
  expect(said).toMatchObject({ code: 1, err: expect.stringContaining('--password-env') });
  expect(said.out + said.err).not.toContain('hunter2');
});

test('says which answer is wrong, and what to do', async () => {
  const given = { source: source(), passwordEnv: 'CRM_PASSWORD', target: 'none' };
  const wrong = async (flags: InitFlags, ...texts: string[]): Promise<void> => {
    const failure: unknown = await init(join(root, 'wrong'), flags, null, () => {}).catch((error: unknown) => error);
    if (!(failure instanceof LandfallError)) throw new Error(`no LandfallError: ${String(failure)}`);
    for (const text of texts) expect(`${failure.what} ${failure.hint}`).toContain(text);
  };
  await withSecrets(async () => {
    await wrong({ ...given, source: 'mysql://root@localhost/erp' }, 'mysql:', 'PostgreSQL');
    await wrong({ ...given, source: 'legacy' }, 'not an address', 'postgres://');
    await wrong({ ...given, source: 'postgres:///crm' }, 'does not say enough');
    await wrong({ ...given, passwordEnv: 'NOT_SET_ANYWHERE' }, 'NOT_SET_ANYWHERE is not set');
    await wrong({ ...given, passwordEnv: 'p@ss' }, 'never the secret');
    await wrong({ ...given, schema: ['closed'] }, 'no schema closed', 'crm (8)');
    await wrong({ ...given, engineer: 'emil', owner: 'emil' }, 'nobody signs their own run');
    await wrong({ ...given, name: '../crm' }, 'cannot be a name');
  });
});

test('asks a person at a terminal for what was not said', async () => {
  const asker = askerWith([
    [/source/, source()],
    [/password/, 'CRM_PASSWORD'],
    [/target/, target()],
    [/secret\?/, 'CLOUD_SECRET'],
    [/tokens/, landing.cloud.tokenUrl],
    [/called/, ''],
  ]);
  await withSecrets(async () => {
    const made = await init(join(root, 'asked'), {}, asker, () => {});
    expect(asker.questions).toHaveLength(6);
    expect(made.proposal.name).toBe('legacy_crm');
    expect(made.proposal.entities.map((one) => one.name)).toContain('organisation');
    expect(made.proposal.decide.join()).not.toContain('no target');
  });
});
