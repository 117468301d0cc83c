import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** File, one import in it, and the rule that it breaks: `null` where it is allowed. */
const planted: readonly (readonly [file: string, code: string, rule: string | null])[] = [
  ['model/words.ts', `import { z } from 'zod'`, null],
  ['model/reads.ts', `import { readFile } from 'node:fs/promises'`, 'model-imports'],
  ['model/types.ts', `import type { Store } from '../staging/store.ts'`, 'model-imports'],
  ['model/again.ts', `export type { Store } from '../staging/store.ts'`, 'model-imports'],
  ['mapping/compile.ts', `import { Store } from '../staging/store.ts'`, 'mapping-imports'],
  ['workflows/good.ts', `import type { Steps } from '../activities/steps.ts'`, null],
  ['workflows/part.ts', `import { type Steps, run } from '../activities/steps.ts'`, 'activities-as-types'],
  ['workflows/store.ts', `import type { Store } from '../staging/store.ts'`, 'workflows-imports'],
  ['workflows/time.ts', `import { setTimeout } from 'node:timers/promises'`, 'workflows-imports'],
  ['workflows/client.ts', `import { Client } from '@temporalio/client'`, 'workflows-imports'],
  ['activities/steps.ts', `import { connectors } from '../connectors/registry.ts'`, null],
  ['activities/reach.ts', `import { read } from '../connectors/left/read.ts'`, 'activities-imports'],
  ['activities/later.ts', `export const f = () => import('../connectors/left/read.ts')`, 'activities-imports'],
  ['activities/worker.ts', `import { Worker } from '@temporalio/worker'`, 'activities-imports'],
  ['connectors/registry.ts', `import { read } from './left/read.ts'`, null],
  ['connectors/left/read.ts', `import type { Port } from '../port.ts'`, null],
  ['connectors/left/borrow.ts', `import { read } from '../right/read.ts'`, 'connector-imports'],
  ['connectors/left/heart.ts', `import { heartbeat } from '@temporalio/activity'`, 'connector-imports'],
  ['connectors/right/read.ts', `import { Store } from '../../staging/store.ts'`, 'connector-imports'],
  ['connectors/port.ts', `import type { Pool } from 'pg'`, 'connector-port-imports'],
  ['staging/store.ts', `import { createHash } from 'node:crypto'`, null],
  ['staging/beat.ts', `import { heartbeat } from '@temporalio/activity'`, 'staging-imports'],
  ['reconcile/compare.ts', `import { Store } from '../staging/store.ts'`, null],
  ['reconcile/circular.ts', `import { compile } from '../mapping/compile.ts'`, 'reconcile-imports'],
  ['proposal/propose.ts', `import type { Source } from '../connectors/port.ts'`, null],
  ['proposal/open.ts', `import { connectors } from '../connectors/registry.ts'`, 'proposal-imports'],
  ['proposal/write.ts', `import { writeFile } from 'node:fs/promises'`, 'proposal-imports'],
  ['blueprints/erp/index.ts', `import { table } from '../../model/builders.ts'`, null],
  ['blueprints/erp/deep.ts', `import type { Word } from '../../model/words.ts'`, 'blueprints-imports'],
  ['portal/page.ts', `import { run } from '../activities/steps.ts'`, 'portal-imports'],
  ['portal/start.ts', `import { start } from '../worker/main.ts'`, 'worker-is-the-root'],
  ['portal/command.ts', `import { main } from '../cli/main.ts'`, 'cli-is-the-edge'],
  ['worker/main.ts', `import { start } from '../sandbox/system.ts'`, 'sandbox-is-no-product'],
  ['cli/main.ts', `import { start } from '../worker/main.ts'`, null],
  ['cli/run.ts', `import { start } from '../sandbox/system.ts'`, 'sandbox-is-no-product'],
  ['cli/demo.ts', `import { start } from '../sandbox/system.ts'`, null],
  ['cli/tests.ts', `import { expect } from 'vitest'`, 'declared'],
  ['cli/nowhere.ts', `import { nothing } from './no-such-file.ts'`, 'resolvable'],
  ['bench/main.ts', `import { start } from '../worker/main.ts'`, null],
  ['tools/figures.ts', `import { start } from '../bench/main.ts'`, 'bench-is-the-edge'],
  ['tests/bench/bench.test.ts', `import { start } from '../../bench/main.ts'`, null],
  ['sandbox/system.ts', `import { read } from '../connectors/left/read.ts'`, 'sandbox-imports'],
  ['model/one.ts', `import type { Two } from './two.ts'`, 'no-cycles'],
  // A cycle is reported once, at the first of its files.
  ['model/two.ts', `import type { One } from './one.ts'`, null],
  ['model/builders.ts', `export async function f() { await using c = await import('zod'); return c }`, null],
];

interface Cruise {
  summary: { violations: { from: string; rule: { name: string } }[] };
}

let folder: string;
const broken = new Map<string, Set<string>>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-imports-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const file of ['package.json', '.dependency-cruiser.mjs']) await copyFile(join(root, file), join(folder, file));
  for (const [file, code] of planted) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), `${code};\n`);
  }
  const cruiser = join('node_modules', '.bin', 'depcruise');
  const args = [cruiser, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', '.'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 });
  for (const { from, rule } of (JSON.parse(stdout) as Cruise).summary.violations) {
    broken.set(from, (broken.get(from) ?? new Set()).add(rule.name));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(planted.filter(([, , rule]) => rule !== null))('%s may not say: %s', (file, _, rule) => {
  expect([...(broken.get(file) ?? [])]).toContain(rule);
});

it.each(planted.filter(([, , rule]) => rule === null))('%s may say: %s', (file) => {
  expect([...(broken.get(file) ?? [])]).toEqual([]);
});
