import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadBlueprint } from '../../activities/blueprint-file.ts';
import { selfProblems } from '../../activities/blueprint-problems.ts';
import { blueprintFiles } from '../../proposal/blueprint-text.ts';
import { install, typeErrors } from '../cli/new-project.ts';
import { aTable, proposed } from './a-table.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-awkward-'));
  await install(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What people, languages and generators call their tables and columns. */
const names = [
  'class',
  'table',
  'text',
  'sum',
  'controls',
  'keys',
  'Blueprint',
  'clock',
  '2020 totals',
  "it's",
  'a`b${c}\\d',
  'say "hi"',
  'Straße',
  '数据',
  '__proto__',
  'constructor',
  'order-line',
  'order_line',
  'OrderLine',
];

test('whatever tables and columns are called, the files compile, load and hold together', async () => {
  const tables = [
    ...names.map((name) =>
      aTable(name, {
        key: ['id'],
        comment: `The table ${name} */ goes on // decide: no`,
        columns: ['id integer', 'at timestamp', 'total numeric(18,2)'],
      }),
    ),
    { ...aTable('wide', { columns: ['id integer'] }) },
  ];
  const wide = tables.at(-1);
  for (const name of names) {
    wide?.columns.push({ ...(tables[0]?.columns[2] ?? fail()), name });
  }
  const proposal = proposed(tables);
  for (const [file, text] of Object.entries(blueprintFiles(proposal))) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text, { flag: 'wx' });
  }
  const options = { module: 'nodenext', strict: true, noEmit: true, allowImportingTsExtensions: true, types: [] };
  const lib = { target: 'es2024', lib: ['es2024'], skipLibCheck: true };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, ...lib } }));
  expect(await typeErrors(folder)).toBe('');
  const { blueprint, lookups, decisions } = await loadBlueprint(join(folder, 'blueprint.ts'));
  expect(blueprint.entities).toHaveLength(names.length + 1);
  expect(selfProblems(blueprint, lookups)).toEqual([]);
  const columns = blueprint.entities.find((one) => one.name === 'wide')?.fields ?? {};
  expect(Object.keys(columns)).toHaveLength(names.length);
  expect(decisions.map((one) => one.text).join()).not.toContain('decide: no');
});

function fail(): never {
  throw new Error('a column is missing');
}
