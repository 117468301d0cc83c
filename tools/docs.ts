import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { buildersPage } from './docs/builders.ts';
import { commandPage } from './docs/command.ts';
import { configurationPage } from './docs/configuration.ts';
import { capabilityPage } from './docs/connectors.ts';
import { errorCodesPage } from './docs/error-codes.ts';
import { postgresTypesPage } from './docs/postgres-types.ts';
import { openSources, type Sources } from './docs/sources.ts';

/** Pages that are made of the code, by their path: `npm run docs` writes them, a test compares them. */
export const pages: Record<string, (sources: Sources) => string | Promise<string>> = {
  'connectors/postgres/TYPES.md': postgresTypesPage,
  'docs/reference/builders.md': buildersPage,
  'docs/reference/command.md': commandPage,
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/connectors.md': capabilityPage,
  'docs/reference/error-codes.md': errorCodesPage,
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sources = openSources();
  for (const [file, page] of Object.entries(pages)) {
    const at = new URL(`../${file}`, import.meta.url);
    await mkdir(new URL('.', at), { recursive: true });
    const text = await page(sources);
    const before = await readFile(at, 'utf8').catch(() => '');
    if (before !== text) await writeFile(at, text);
    process.stdout.write(`${before === text ? 'same   ' : 'written'} ${file}\n`);
  }
  sources.close();
}
