import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageSource } from '../../cli/init/package-source.ts';
import { temporaryFolder } from '../staging/open-staging.ts';

/** A package as npm has installed it from somewhere. */
async function installedFrom(resolved: string | null): Promise<{ folder: string; root: string }> {
  const folder = await temporaryFolder();
  const root = join(folder, 'node_modules', 'landfall');
  await mkdir(root, { recursive: true });
  if (resolved !== null) {
    const list = { packages: { 'node_modules/landfall': { resolved } } };
    await writeFile(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify(list));
  }
  return { folder, root };
}

test('a new project asks for what the command itself was installed from', async () => {
  const tarball = await installedFrom('file:../landfall-0.1.0.tgz');
  expect(packageSource(tarball.root, '0.1.0')).toBe(`file:${join(tarball.folder, '../landfall-0.1.0.tgz')}`);
  const release = await installedFrom('https://registry.example.org/landfall/-/landfall-0.1.0.tgz');
  expect(packageSource(release.root, '0.1.0')).toBe('0.1.0');
  const other = await installedFrom(null);
  expect(packageSource(other.root, '0.1.0')).toBe('0.1.0');
  expect(packageSource('/srv/landfall', '0.1.0')).toBe('file:/srv/landfall');
});
