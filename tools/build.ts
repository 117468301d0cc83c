import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { workflowSources } from '../worker/bundle.ts';
import { writeThirdParties } from './licences.ts';
import build from '../tsconfig.build.json' with { type: 'json' };

/*
 * Makes dist/: JavaScript and types of the product's folders, the files beside them that are read at run time, and the
 * workflows in one bundle, so that an installed worker starts without bundling.
 */

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
process.chdir(root);

rmSync(dist, { recursive: true, force: true });
const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

/** The product's folders: those that tsconfig.build.json includes. */
const folders = build.include.map((pattern) => pattern.replace(/\/.*$/, '')).filter((folder) => existsSync(folder));

/** Pages, styles, SQL and the like. JSON that modules import comes from the compiler. */
let assets = 0;
for (const folder of folders) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || ['.ts', '.md'].includes(extname(entry.name))) continue;
    const file = join(entry.parentPath, entry.name);
    mkdirSync(join(dist, dirname(file)), { recursive: true });
    copyFileSync(file, join(dist, file));
    assets += 1;
  }
}

const workflows = join(dist, 'workflows', 'index.js');
if (existsSync(workflows)) {
  const { code } = await bundleWorkflowCode({
    ...workflowSources(pathToFileURL(`${dist}/`)),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(dist, 'workflows.bundle.js'), code);
  console.log(`dist/workflows.bundle.js: ${Math.round(code.length / 1024)} KiB`);
} else {
  console.log('No workflow bundle: there is no workflows/index.ts.');
}

console.log(writeThirdParties());

const command = join(dist, 'cli', 'main.js');
if (existsSync(command)) chmodSync(command, 0o755);
console.log(`dist/: ${folders.length} folders, ${assets} other files`);
