import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkConfig, type LoadedConfig } from '../../cli/config.ts';
import { checkMigration, withSystem } from '../../cli/runs.ts';
import type { Problem } from '../../model/errors.ts';
import { makeLanding, type Landing } from '../e2e/landing.ts';

let landing: Landing;
const folders: string[] = [];

beforeAll(async () => {
  landing = await makeLanding({ temporal: '127.0.0.1:1', size: 500 });
});
afterAll(async () => {
  await landing.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** Every error that `landfall check` prints, with the configuration or the blueprint changed. */
async function problems(of: {
  config?: (config: LoadedConfig['config']) => void;
  blueprint?: [file: string, from: string, to: string];
}): Promise<Problem[]> {
  const config = structuredClone(landing.loaded.config);
  of.config?.(config);
  if (of.blueprint) {
    const [file, from, to] = of.blueprint;
    const root = await mkdtemp(join(tmpdir(), 'landfall-bad-'));
    folders.push(root);
    const source = fileURLToPath(new URL('../../', import.meta.url));
    await cp(join(source, 'blueprints'), join(root, 'blueprints'), { recursive: true });
    await cp(join(source, 'model'), join(root, 'model'), { recursive: true });
    await cp(join(source, 'node_modules', 'zod'), join(root, 'node_modules', 'zod'), { recursive: true });
    const path = join(root, 'blueprints', 'crm', file);
    const text = await readFile(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} does not hold: ${from}`);
    await writeFile(path, text.replace(from, to));
    const migration = config.migrations['crm'];
    if (migration) migration.blueprint = join(root, 'blueprints', 'crm', 'blueprint.ts');
  }
  const loaded = { config, folder: landing.loaded.folder };
  const found = await withSystem(loaded, (system) => checkMigration(loaded, system, 'crm', 'rehearsal'));
  expect(found.plan).toBeNull();
  return found.problems.filter((one) => one.severity === 'error');
}

const connection = (name: string, change: Record<string, unknown>) => (config: LoadedConfig['config']) =>
  void Object.assign(config.connections[name] ?? {}, change);

describe('a mistake ends in an error that names its place and the remedy, before a row is written', () => {
  test('a target at another port', async () => {
    const found = await problems({ config: connection('cloudCrm', { url: 'http://127.0.0.1:9/api/data/v9.2' }) });
    expect(found[0]).toMatchObject({ where: { connection: 'cloudCrm' }, hint: expect.stringMatching(/\w/) });
  });

  test('a source with the wrong password, which is not printed', async () => {
    const found = await problems({ config: connection('legacyCrm', { user: 'nobody_here' }) });
    expect(found[0]).toMatchObject({ where: { connection: 'legacyCrm' } });
    expect(JSON.stringify(found)).not.toContain('landfall_reader_sandbox');
  });

  test('a database that is not there', async () => {
    const found = await problems({ config: connection('legacyCrm', { database: 'legacy' }) });
    expect(found[0]).toMatchObject({ code: 'source.database', where: { connection: 'legacyCrm', database: 'legacy' } });
  });

  test('a secret that is nowhere', async () => {
    const found = await problems({ config: connection('legacyCrm', { password: { env: 'LANDFALL_NOT_SET' } }) });
    expect(found[0]).toMatchObject({ code: 'config.secret', where: { variable: 'LANDFALL_NOT_SET' } });
  });

  test('a table that is not there, with the one that was meant', async () => {
    const found = await problems({ blueprint: ['membership.ts', "table('crm.membership'", "table('crm.memberships'"] });
    expect(found).toContainEqual(
      expect.objectContaining({ code: 'source.missing-table', hint: expect.stringContaining('crm.membership') }),
    );
  });

  test('no target yet, which keeps nobody from hearing what is wrong on the source’s side', async () => {
    const found = await problems({
      config: (config) => {
        const { target, ...rest } = config.migrations['crm'] ?? {};
        Object.assign(config.migrations, { crm: rest });
        expect(target).toBe('cloudCrm');
      },
      blueprint: ['membership.ts', 'crm_class: sql`class`', 'crm_class: sql`klass`'],
    });
    expect(found.map((one) => one.code)).toEqual(['config.no-target', 'mapping.unknown-column']);
  });

  test('a mapping that names a column that is not there', async () => {
    const found = await problems({ blueprint: ['membership.ts', 'crm_class: sql`class`', 'crm_class: sql`klass`'] });
    expect(found).toContainEqual(
      expect.objectContaining({ where: expect.objectContaining({ entity: 'membership', field: 'crm_class' }) }),
    );
  });

  test('a property that the target does not have', async () => {
    const found = await problems({
      blueprint: ['organisation.ts', 'websiteurl: text(200)', 'websiteaddress: text(200)'],
    });
    expect(JSON.stringify(found)).toContain('websiteaddress');
  });

  test('a field that the target cannot hold', async () => {
    const found = await problems({ blueprint: ['organisation.ts', 'name: text(160)', 'name: text(400)'] });
    expect(found).toContainEqual(
      expect.objectContaining({ where: expect.objectContaining({ entity: 'organisation', field: 'name' }) }),
    );
  });

  test('a division that gives a floating-point number', async () => {
    const found = await problems({ blueprint: ['membership.ts', 'crm_units: sql`units`', 'crm_units: sql`seq / 3`'] });
    expect(found).toContainEqual(expect.objectContaining({ code: 'mapping.float' }));
  });

  test('a mapping that gives another result at every run', async () => {
    const found = await problems({
      blueprint: ['membership.ts', 'crm_validfrom: sql`valid_from`', 'crm_validfrom: sql`today()`'],
    });
    expect(found).toContainEqual(
      expect.objectContaining({ where: expect.objectContaining({ entity: 'membership', field: 'crm_validfrom' }) }),
    );
  });

  test('a read that no snapshot holds together', async () => {
    const found = await problems({
      blueprint: ['membership.ts', "title: 'Memberships',", "title: 'Memberships', consistency: 'fuzzy',"],
    });
    expect(found).toContainEqual(expect.objectContaining({ code: 'blueprint.fuzzy', where: { entity: 'membership' } }));
  });

  test('references that go round in a circle, none of which says that it can wait', async () => {
    const found = await problems({
      blueprint: [
        'organisation.ts',
        "sql`primary_contact`, { later: true, whenMissing: 'null' }",
        'sql`primary_contact`, {}',
      ],
    });
    expect(found).toContainEqual(expect.objectContaining({ code: 'blueprint.cycle' }));
  });
});

test('a configuration with several mistakes names each of them', () => {
  const check = (): unknown =>
    checkConfig(
      {
        ...landing.loaded.config,
        migrations: { crm: { blueprint: 'x', source: 'a', target: 'b', owners: ['zoe'], engineers: ['kurt'] } },
      },
      'x.ts',
    );
  expect(check).toThrow(/no connection a.*no connection b.*nobody is called zoe.*nobody is called kurt/);
  // What has the wrong form is told before any name is looked up.
  const malformed = { ...landing.loaded.config, people: 1, migrations: 2 };
  expect(() => checkConfig(malformed, 'x.ts')).toThrow(/2 mistakes.*people: .*migrations: /);
});
