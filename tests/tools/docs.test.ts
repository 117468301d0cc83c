import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pages } from '../../tools/docs.ts';

test.each(Object.keys(pages))('%s says what the code does: `npm run docs` would change nothing', async (file) => {
  const written = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  expect(written).toBe(await pages[file]?.());
});
