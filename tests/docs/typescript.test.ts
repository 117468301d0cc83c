import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { typeErrors } from '../cli/new-project.ts';
import { readPages, root, type Block } from './pages.ts';
import { preambles } from './preambles.ts';

const Exports = z.object({
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string() })])),
});
const blocks = readPages()
  .flatMap((page) => page.blocks)
  .filter((block) => block.language === 'ts');

/** Pages may take up the project's own configuration: the first whole one of the README stands for it. */
const isConfiguration = ({ page, text }: Block): boolean => page === 'README.md' && text.includes('defineConfig({');
let folder: string;

/** The package's entry points, as package.json has them, but of the sources instead of what is built of them. */
async function paths(): Promise<Record<string, string[]>> {
  const { exports } = Exports.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  return Object.fromEntries(
    Object.entries(exports).flatMap(([name, at]) =>
      typeof at === 'string'
        ? []
        : [[name.replace('.', 'landfall'), [join(root, at.types.replace('./dist/', '').replace('.d.ts', '.ts'))]]],
    ),
  );
}

function fileOf(block: Block): string {
  const name = block.told.get('file') ?? `line-${block.line}.ts`;
  return join(folder, block.page.replaceAll(/[/.]/g, '-'), name);
}

/** A block as a file of its own. */
function whole(block: Block): string {
  const name = block.told.get('preamble');
  if (name === undefined) return block.text;
  const complete = preambles[name];
  if (complete) return complete(block.text);
  throw new Error(`${block.page}:${block.line} asks for a preamble ${name}, which there is not`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-snippets-'));
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
    paths: await paths(),
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*.ts'] }));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  // What the package's types are made of.
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const block of blocks) {
    await mkdir(dirname(fileOf(block)), { recursive: true });
    await writeFile(fileOf(block), `${whole(block)}\nexport {};\n`);
  }
  const configuration = blocks.find(isConfiguration);
  if (!configuration) throw new Error('README.md shows no configuration');
  for (const block of blocks.filter((one) => one.text.includes(`'./landfall.config.ts'`))) {
    await copyFile(fileOf(configuration), join(dirname(fileOf(block)), 'landfall.config.ts'));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('every block of TypeScript in the pages compiles against the types that the package has', async () => {
  expect(blocks.length).toBeGreaterThan(10);
  expect(await typeErrors(folder)).toBe('');
});
