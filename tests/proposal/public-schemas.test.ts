import { glob, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Problem } from '../../model/errors.ts';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';
import { formatErrors, install, landfallIn, typeErrors } from '../cli/new-project.ts';

/** Real applications' schemas, and what each is here for; see schemas/LICENCES.md. */
const applications = {
  flowable: { waits: ["parent_id_: crosswalk('act_ru_execution'"], holds: ["columns: ['id_', 'rev_', 'name_'"] },
  hoppscotch: {
    waits: ["parentID: crosswalk('team_collection'", "parentID: crosswalk('user_collection'"],
    holds: ['{ pattern: /^(?:OWNER|VIEWER|EDITOR)$/ }', `sql\`"orderIndex"\``],
  },
  oscar: {
    waits: ["parent_id: crosswalk('catalogue_product'"],
    holds: ["password: 'restricted'", "by: { currency: 'currency' }, value: 'total_incl_tax'"],
  },
};
type Application = keyof typeof applications;

let server: SandboxPostgres;
let root: string;
let data: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'landfall-public-'));
  data = join(tmpdir(), `landfall-public-pg-${process.pid}`);
  await mkdir(data, { recursive: true });
  server = await startPostgres({ dataDir: data, durable: false });
  for (const name of Object.keys(applications)) {
    await server.createDatabase(name);
    const client = new pg.Client({ connectionString: server.url(name) });
    await client.connect();
    await client.query(await readFile(new URL(`schemas/${name}.sql`, import.meta.url), 'utf8'));
    await client.query(`
      DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'reader'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`);
    await client.end();
  }
});

afterAll(async () => {
  await server.stop();
  for (const folder of [root, data]) await rm(folder, { recursive: true, force: true });
});

async function made(name: Application): Promise<string> {
  const source = `postgres://reader@${server.host}:${server.port}/${name}`;
  const args = ['init', name, '--source', source, '--password-env', 'PASSWORD', '--target', 'none'];
  const said = await landfallIn(root, args, { PASSWORD: 'reader' });
  expect(said).toMatchObject({ code: 0, err: '' });
  const folder = join(root, name);
  await install(folder);
  return folder;
}

describe.each(Object.keys(applications) as Application[])('a project for %s', (name) => {
  let folder: string;
  let text: string;
  beforeAll(async () => {
    folder = await made(name);
    const parts: string[] = [];
    for await (const file of glob(`blueprints/${name}/*.ts`, { cwd: folder }))
      parts.push(await readFile(join(folder, file), 'utf8'));
    text = parts.join('\n');
  });

  test('has the types of this release, and the looks of formatted code', async () => {
    expect(await typeErrors(folder)).toBe('');
    expect(await formatErrors(folder)).toMatchObject({ code: 0 });
  });

  test('leaves to `landfall check` nothing but decisions for people', async () => {
    const { code, out } = await landfallIn(folder, ['check', '--json'], { PASSWORD: 'reader' });
    expect(code).toBe(3);
    const [{ problems }] = JSON.parse(out) as [{ problems: Problem[] }];
    expect(problems.filter((one) => one.severity === 'error').map((one) => one.code)).toEqual(['config.no-target']);
    expect(new Set(problems.map((one) => one.code))).toEqual(new Set(['config.no-target', 'blueprint.undecided']));
    const told = [...text.matchAll(/\/\/ decide: /g)];
    expect(problems.filter((one) => one.code === 'blueprint.undecided')).toHaveLength(told.length);
  });

  test('sets what goes round in a circle later, and knows what its columns are', () => {
    const flat = text.replaceAll(/\s+/g, ' ');
    for (const one of applications[name].waits) {
      const [, after = ''] = flat.split(one);
      expect(after.slice(0, after.indexOf(')'))).toContain('later: true');
    }
    for (const one of applications[name].holds) expect(flat).toContain(one);
  });
});
