import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSources, type Sources } from '../../tools/docs/sources.ts';
import { pages } from '../../tools/docs.ts';

const textOf = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
let sources: Sources;

beforeAll(() => {
  sources = openSources();
});

afterAll(() => sources.close());

test.each(Object.keys(pages))('%s says what the code does: `npm run docs` would change nothing', async (file) => {
  expect(textOf(file)).toBe(await pages[file]?.(sources));
});

/** Words with a dot that look like codes and are files, a setting, or a rule that holds a row back. */
const noCodes = [
  'blueprint.mjs',
  'blueprint.ts',
  'mapping.failed',
  'report.html',
  'temporal.db',
  'temporal.exe',
  'temporal.ui',
];

test('no code stands in the sources, however it is thrown, that the page of error codes lacks', () => {
  const page = textOf('docs/reference/error-codes.md');
  const known = new Set([...page.matchAll(/`([a-z-]+\.[a-z-]+)` \|/g)].map((match) => match[1] ?? ''));
  const families = new Set([...known].map((code) => code.split('.')[0]));
  const literals = sources.files.flatMap((file) => [...file.text.matchAll(/'([a-z][a-z-]*)\.([a-z][a-z-]*)'/g)]);
  const codes = literals.filter(([, family]) => families.has(family)).map(([all]) => all.slice(1, -1));
  expect(codes.length).toBeGreaterThan(100);
  expect(codes.filter((code) => !known.has(code) && !noCodes.includes(code))).toEqual([]);
});
