import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

export interface WorkflowSources {
  workflowsPath: string;
  workflowInterceptorModules: string[];
}

const here = new URL('../', import.meta.url);

/** What a bundle of the workflows is made of, wherever one is made: the package's, a worker's own, a replay's. */
export function workflowSources(root: URL = here): WorkflowSources {
  const file = (name: string): string => {
    const source = fileURLToPath(new URL(`workflows/${name}.ts`, root));
    return existsSync(source) ? source : fileURLToPath(new URL(`workflows/${name}.js`, root));
  };
  return { workflowsPath: file('index'), workflowInterceptorModules: [file('read-ahead')] };
}

/** All that a bundle is made of; types of activities leave nothing in it. */
const Bundled = ['workflows', 'model'];

async function digestOfSources(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of Bundled) {
    for (const name of (await readdir(join(root, folder))).sort()) {
      hash.update(`${folder}/${name}\0`).update(await readFile(join(root, folder, name)));
    }
  }
  // Another SDK makes another bundle.
  return hash.update(await readFile(join(root, 'package.json'))).digest('hex');
}

/**
 * The workflows as one file: the package's own, else one made of the sources and kept with the installed modules until
 * they change, because making one takes four seconds of a core.
 */
export async function workflowBundle(root: URL = here): Promise<{ codePath: string }> {
  const own = fileURLToPath(new URL('workflows.bundle.js', root));
  if (existsSync(own)) return { codePath: own };
  const folder = fileURLToPath(root);
  const digest = await digestOfSources(folder);
  const codePath = join(folder, 'node_modules', '.cache', 'landfall', `workflows-${digest.slice(0, 32)}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({ ...workflowSources(root), logger: new DefaultLogger('ERROR') });
  await mkdir(dirname(codePath), { recursive: true });
  // Processes side by side never see half of it.
  const half = `${codePath}.${randomBytes(4).toString('hex')}`;
  await writeFile(half, code);
  await rename(half, codePath);
  return { codePath };
}
