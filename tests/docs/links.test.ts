import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';
import { readPages, root } from './pages.ts';

const pages = readPages();
const byPath = new Map(pages.map((page) => [page.path, page]));

/** What is wrong with a link, or null. Links that lead out of the repository are not followed. */
function wrong(from: string, link: string): string | null {
  if (/^[a-z]+:/i.test(link)) return null;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : normalize(join(dirname(from), path));
  if (relative(root, join(root, target)).startsWith('..')) return `${link} leads out of the repository`;
  if (!existsSync(join(root, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined || statSync(join(root, target)).isDirectory()) return null;
  const page = byPath.get(target);
  return page?.anchors.has(anchor) ? null : `${link}: ${target} has no heading for it`;
}

test.each(pages.map((page) => page.path))('every link of %s leads somewhere', (path) => {
  const found = byPath.get(path)?.links.flatMap((link) => wrong(path, link) ?? []);
  expect(found).toEqual([]);
});

test('every page of the documentation can be reached from its index', () => {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const link of byPath.get(path)?.links ?? []) {
      if (!/^[a-z]+:/i.test(link)) visit(normalize(join(dirname(path), link.split('#')[0] ?? '')));
    }
  };
  visit('docs/README.md');
  expect(pages.map((page) => page.path).filter((path) => !reached.has(path))).toEqual([]);
});
