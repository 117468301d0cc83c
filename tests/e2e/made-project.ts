import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, type LoadedConfig } from '../../cli/config.ts';
import { startWorker, type RunningWorker } from '../../worker/worker.ts';
import { install, landfallIn } from '../cli/new-project.ts';

/**
 * Has `landfall init` make a project, as a person would at the command line, and a worker start on it.
 *
 * @param of.root where the project's folder is made
 * @param of.folder the name of that folder
 * @param of.flags of `landfall init`, without the folder
 * @param of.temporal the address of a server
 */
export async function madeProject(
  of: { root: string; folder: string; flags: readonly string[]; temporal: string },
  secrets: Record<string, string> = {},
): Promise<{ loaded: LoadedConfig; worker: RunningWorker }> {
  const args = ['init', of.folder, ...of.flags.flatMap((line) => line.split(' '))];
  const said = await landfallIn(of.root, args, secrets);
  if (said.code !== 0) throw new Error(said.err);
  const folder = join(of.root, of.folder);
  await install(folder);
  const file = join(folder, 'landfall.config.ts');
  const config = await readFile(file, 'utf8');
  const temporal = `address: '${of.temporal}', taskQueue: 'init-${of.folder}-${process.pid}'`;
  await writeFile(file, config.replace(`address: '127.0.0.1:7233'`, temporal));
  const loaded = await loadConfig(file);
  return { loaded, worker: await startWorker(loaded.config, loaded.folder) };
}
