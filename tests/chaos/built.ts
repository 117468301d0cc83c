import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import build from '../../tsconfig.build.json' with { type: 'json' };

/** What `tools/build.ts` makes last. */
const Last = 'dist/THIRD-PARTY.txt';

/** When a file, or anything in a folder, was last changed; a folder changes when something goes or comes. */
function changedMs(path: string): number {
  const entries = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  return Math.max(statSync(path).mtimeMs, ...entries.map((entry) => statSync(join(path, entry)).mtimeMs));
}

function upToDate(): boolean {
  const folders = build.include.map((pattern) => pattern.replace(/\/.*$/, ''));
  const sources = [...folders, 'tools', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  const known = [Last, ...sources].map((path) => statSync(path, { throwIfNoEntry: false }) && changedMs(path));
  const [made, ...changed] = known;
  return made !== undefined && changed.every((at) => at === undefined || at < made);
}

/** Makes `dist/`, unless it was made from what is there now. */
export function ensureBuilt(): void {
  if (upToDate()) return;
  const built = spawnSync(process.execPath, ['tools/build.ts'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
}
