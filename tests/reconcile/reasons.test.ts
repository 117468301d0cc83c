import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reasons } from '../../reconcile/reasons.ts';

const files = [
  'mapping/fit.ts',
  'mapping/careful.ts',
  'mapping/compile.ts',
  'activities/transform.ts',
  'activities/load.ts',
];
const rules = files.flatMap((file) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const found = text.matchAll(/(?:rule'?: '|entry\('|_left = '|code: `)([a-z]+[a-z.-]+)/g);
  return [...found].map((match) => match[1]?.replace(/:.*$/, '') ?? '');
});

test('every rule that can hold a row back is explained in a sentence, and no other', () => {
  expect(new Set(rules)).toEqual(new Set(Object.keys(reasons)));
  for (const [rule, reason] of Object.entries(reasons)) expect.soft(reason, rule).toMatch(/^\p{Lu}.{15,}\.$/u);
});
