import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './pages.ts';

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
/** What stands in code marks and has the form of a code or rule: `family.name`. */
const named = (text: string): string[] => [...text.matchAll(/`([a-z-]+\.[a-z-]+)`/g)].map(([, code = '']) => code);

const codes = new Set(named(textOf('docs/reference/error-codes.md')));
const families = new Set([...codes].map((code) => code.split('.')[0]));
/** Rules under which mapping and loading hold rows back, wherever they are written. */
const rules = new Set(
  globSync(['mapping/*.ts', 'activities/*.ts'], { cwd: root }).flatMap((file) => [
    ...[...textOf(file).matchAll(/\brule: '([a-z.-]+)'/g)].map(([, rule = '']) => rule),
    ...[...textOf(file).matchAll(/'((?:document|keyed-by|legacy-key)\.[a-z-]+|mapping\.failed)'/g)].map(
      ([, rule = '']) => rule,
    ),
    ...[...textOf(file).matchAll(/`(reference\.missing):/g)].map(([, rule = '']) => rule),
  ]),
);

test('every rule that can hold a row back is explained to who corrects rows', () => {
  expect(rules.size).toBeGreaterThan(20);
  const page = textOf('docs/guides/rejects.md');
  expect([...rules].filter((rule) => !page.includes(`\`${rule}\``))).toEqual([]);
});

test('every code that a guide names can be met', () => {
  const settings = new Set(named(textOf('docs/reference/configuration.md')));
  const stale = globSync('docs/guides/*.md', { cwd: root }).flatMap((file) =>
    named(textOf(file))
      .filter((one) => families.has(one.split('.')[0]) && !/\.(?:html|key|pub)$/.test(one))
      .filter((one) => !codes.has(one) && !rules.has(one) && !settings.has(one))
      .map((one) => `${file}: ${one}`),
  );
  expect(stale).toEqual([]);
});
