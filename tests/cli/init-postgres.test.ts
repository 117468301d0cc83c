import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { init } from '../../cli/init/init.ts';
import { install, landfallIn, typeErrors } from './new-project.ts';
import { makeDatabases, type Databases } from './two-databases.ts';
import { askerWith } from './an-asker.ts';

let databases: Databases;
let root: string;
const secrets = { OLD_PASSWORD: 'of-the-reader', NEW_PASSWORD: 'of-the-loader' };

beforeAll(async () => {
  databases = await makeDatabases();
  root = await mkdtemp(join(tmpdir(), 'landfall-init-pg-'));
});

afterAll(async () => {
  await databases.close();
  await rm(root, { recursive: true, force: true });
});

/** Makes a project, checks it, and gives what was said and the text of its entities. */
async function project(
  name: 'same' | 'numbered',
): Promise<{ folder: string; check: string; customer: string; invoice: string }> {
  const args = [
    `init ${name} --name moved --engineer emil --owner olga --time-zone Europe/Zurich`,
    `--source ${databases.source} --password-env OLD_PASSWORD`,
    `--target ${databases[name]} --target-secret-env NEW_PASSWORD`,
  ].flatMap((line) => line.split(' '));
  expect(await landfallIn(root, args, secrets)).toMatchObject({ code: 0, err: '' });
  const folder = join(root, name);
  await install(folder);
  expect(await typeErrors(folder)).toBe('');
  const check = await landfallIn(folder, ['check'], secrets);
  expect(check).toMatchObject({ code: 0, out: expect.stringContaining('ready moved') });
  const text = (entity: string): Promise<string> =>
    readFile(join(folder, 'blueprints', 'moved', `${entity}.ts`), 'utf8');
  return { folder, check: check.out, customer: await text('customer'), invoice: await text('invoice') };
}

test('tables go as they are into a database that has the same, with nothing of theirs left to decide', async () => {
  const { folder, check, customer, invoice } = await project('same');
  expect(customer).toMatch(/id: 'customer_id',\n\s*legacyKey: 'customer_id'/);
  expect(customer).toContain(`parent_id: crosswalk('customer', sql\`parent_id\`, { later: true`);
  expect(customer).toContain('pattern: /^(?:open|won)$/');
  expect(invoice).toContain(`customer_id: reference('customer')`);
  expect(`${customer}${invoice}`).not.toContain('decide:');
  // A key of two parts has no place in a target that goes by one.
  expect(check).toMatch(/whose rows have a key of one part is called like these[^]*invoiceLine/);
  const config = await readFile(join(folder, 'landfall.config.ts'), 'utf8');
  expect(config).toContain(`password: env('NEW_PASSWORD')`);
  expect(config).not.toContain('of-the-loader');
});

test('tables go into a database that numbers its rows itself, under the column that is there for the source’s key', async () => {
  const { customer, invoice } = await project('numbered');
  for (const text of [customer, invoice]) expect(text).toMatch(/id: 'id',\n\s*legacyKey: 'legacy_id'/);
  expect(customer).toContain('name: text(200)');
  expect(`${customer}${invoice}`).not.toContain('decide:');
});

test('a database is asked about as one: for its user where none is given, for the secret, and for no tokens', async () => {
  const asker = askerWith([
    [/source/, databases.source],
    [/password/, ''],
    [/target/, databases.same.replace('loader@', '')],
    [/client or user/, 'loader'],
    [/secret\?/, ''],
    [/called/, ''],
  ]);
  const made = await init(join(root, 'asked'), {}, asker, () => {});
  expect(asker.questions).toHaveLength(6);
  expect(made.proposal.entities.map((one) => one.name)).toEqual(['customer', 'invoice']);
});
