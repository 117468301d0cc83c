import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';

const Installed = z.object({ packages: z.record(z.string(), z.object({ resolved: z.string().optional() })) });

/**
 * What a new project asks npm for: the release by its number, or what this one was itself installed from, where that was
 * a tarball, a folder or a repository.
 *
 * @param root the package's own folder
 */
export function packageSource(root: string, version: string): string {
  const modules = dirname(root);
  if (basename(modules) !== 'node_modules') return `file:${root}`;
  let resolved: string | undefined;
  try {
    // Written by npm about all that it installed beside (npm docs, package-lock.json, hidden lockfiles).
    const list: unknown = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'));
    resolved = Installed.parse(list).packages[`node_modules/${basename(root)}`]?.resolved;
  } catch {
    // Another package manager: it knows releases at least.
  }
  if (resolved?.startsWith('file:')) return `file:${resolve(dirname(modules), resolved.slice('file:'.length))}`;
  return resolved?.startsWith('git') ? resolved : version;
}
