import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeLanding, type Landing } from '../e2e/landing.ts';

/** Nothing listens there: these commands must say so, or not need it. */
const nowhere = '127.0.0.1:9';
let landing: Landing;

beforeAll(async () => {
  landing = await makeLanding({ temporal: nowhere, size: 400 });
});

afterAll(() => landing.close());

interface Said {
  code: number;
  out: string;
  err: string;
}

/** The command as a person types it. */
function landfall(...args: string[]): Promise<Said> {
  const env = { ...process.env, NO_COLOR: '1' };
  return new Promise((ended) => {
    execFile(process.execPath, ['cli/main.ts', ...args], { env }, (error, out, err) =>
      ended({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

type Config = Landing['loaded']['config'];

/** A copy of the configuration with something changed. */
async function configured(change: (config: Config) => void): Promise<string> {
  const config = structuredClone(landing.loaded.config);
  change(config);
  const file = join(landing.loaded.folder, `changed-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, `export default ${JSON.stringify(config)};\n`);
  return file;
}
const connection = (name: string, change: Record<string, unknown>) => (config: Config) =>
  void Object.assign(config.connections[name] ?? {}, change);

/** An error in three parts, without a stack. */
function expectError(said: Said, code: number, ...texts: string[]): void {
  expect(said.code).toBe(code);
  const all = said.out + said.err;
  for (const text of texts) expect(all).toContain(text);
  expect(all).not.toMatch(/\n\s+at .*:\d+:\d+/);
}

describe('the command, as a person types it', () => {
  test('says what it can do, and which version it is', async () => {
    const help = await landfall('--help');
    expect(help.code).toBe(0);
    for (const command of ['check', 'run', 'status', 'report', 'rejects', 'replay', 'sign-off', 'worker']) {
      expect(help.out).toContain(command);
    }
    expect((await landfall('--version')).out).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('checks a migration without Temporal, in words and as JSON', async () => {
    expect(await landfall('-c', landing.configFile, 'check')).toMatchObject({ code: 0, out: /ready crm/ });
    const { out } = await landfall('-c', landing.configFile, 'check', 'crm', '--json');
    expect(JSON.parse(out)).toMatchObject({ migration: 'crm', ready: true });
  });

  test('tells wrong use from failure', async () => {
    expect((await landfall('-c', landing.configFile, 'no-such-command')).code).toBe(2);
    expectError(await landfall('-c', '/nowhere/landfall.config.ts', 'check'), 1, '/nowhere/landfall.config.ts');
    expectError(await landfall('-c', landing.configFile, 'check', 'erp'), 3, 'There is no migration erp', 'crm');
  });

  test('says that Temporal does not answer, and where', async () => {
    const said = await landfall('-c', landing.configFile, 'status', 'crm-live-1');
    expectError(said, 1, 'Temporal server does not answer', nowhere, 'temporal.address');
  });
});

test('check asks of the staging folder what everything else relies on', async () => {
  const file = join(landing.loaded.folder, 'no-folder');
  await writeFile(file, '');
  const said = await landfall('-c', await configured((one) => void (one.staging.folder = file)), 'check');
  expectError(said, 3, 'staging.folder', 'no-folder', 'not ready');
});

describe('a run that cannot begin ends in an error that names place and remedy', () => {
  const run = (config: string): Promise<Said> => landfall('-c', config, 'run', 'crm', '--as', 'emil');

  test('with a target at another port', async () => {
    const config = await configured(connection('cloudCrm', { url: 'http://127.0.0.1:9/api/data/v9.2' }));
    expectError(await run(config), 3, 'cloudCrm');
  });

  test('with a source whose database is not there', async () => {
    expectError(await run(await configured(connection('legacyCrm', { database: 'crm_legacy' }))), 3, 'legacyCrm');
  });

  test('with a client secret that is wrong, which is not printed', async () => {
    await writeFile(join(landing.loaded.folder, 'wrong.secret'), 'not-the-secret');
    const auth = landing.loaded.config.connections['cloudCrm']?.['auth'];
    const wrong = { auth: { ...(auth as object), clientSecret: { file: 'wrong.secret' } } };
    const said = await run(await configured(connection('cloudCrm', wrong)));
    expectError(said, 3, 'cloudCrm');
    expect(said.out + said.err).not.toContain('not-the-secret');
  });

  test('with a secret’s file that is not there', async () => {
    const config = await configured(connection('legacyCrm', { password: { file: 'nowhere.password' } }));
    expectError(await run(config), 3, 'nowhere.password');
  });

  test('with a blueprint that does not parse', async () => {
    const file = join(landing.loaded.folder, 'broken.ts');
    await writeFile(file, 'export default blueprint(');
    const config = await configured((one) => Object.assign(one.migrations['crm'] ?? {}, { blueprint: file }));
    expectError(await run(config), 3, 'broken.ts', 'cannot be read');
  });

  test('with a table, a column and a property that are not there, all told at once', async () => {
    const crm = join(process.cwd(), 'blueprints/crm/blueprint.ts');
    const file = join(landing.loaded.folder, 'missing.ts');
    await writeFile(
      join(landing.loaded.folder, 'countries.csv'),
      await readFile(join(process.cwd(), 'blueprints/crm/countries.csv')),
    );
    await writeFile(
      file,
      `import crm from ${JSON.stringify(crm)};
       const of = { membership: (one) => ({ ...one, from: { ...one.from, object: 'crm.memberships' } }),
         invoice: (one) => ({ ...one, from: { ...one.from, key: ['invoice_number'] } }),
         note: (one) => ({ ...one, to: { ...one.to, legacyKey: 'crm_nothing' } }) };
       export default { ...crm, entities: crm.entities.map((one) => of[one.name]?.(one) ?? one) };`,
    );
    const config = await configured((one) => Object.assign(one.migrations['crm'] ?? {}, { blueprint: file }));
    expectError(await run(config), 3, 'crm.memberships', 'crm.membership', 'invoice_number', 'crm_nothing');
  });

  test('by somebody who is no engineer of the migration', async () => {
    expectError(await landfall('-c', landing.configFile, 'run', 'crm', '--as', 'olga'), 1, 'emil');
  });
});

test('a trace is printed only to those who ask for it', async () => {
  const said = await landfall('-c', landing.configFile, '--trace', 'status', 'crm-live-1');
  expect(said.err).toMatch(/\n\s+at .*:\d+:\d+/);
});

describe('a command that was typed wrong', () => {
  test.each([
    [['chek'], "unknown command 'chek' (Did you mean check?)", '`landfall --help`'],
    [['report'], "missing required argument 'run'", '`landfall report --help`'],
    [['gate', 'r', '--as', 'emil', '--decision', 'maybe'], 'load, stop', '`landfall gate --help`'],
  ])('is told so like everything that goes wrong: %j', async (words, what, hint) => {
    expectError(await landfall(...words), 2, `error usage: `, what, `do:    ${hint}`);
    const { err } = await landfall(...words, '--json');
    expect(JSON.parse(err)).toMatchObject({ code: 'usage', what: expect.stringContaining(what) });
  });

  test('or names a file that cannot be written', async () => {
    const name = join(landing.loaded.folder, 'nowhere', 'nina');
    expectError(await landfall('keys', name), 1, 'output.unwritable', `${name}.key`, 'Make the folder');
    const twice = join(landing.loaded.folder, 'twice');
    expect(await landfall('keys', twice)).toMatchObject({ code: 0 });
    expectError(await landfall('keys', twice), 1, 'not written over', `${twice}.key`);
  });
});
