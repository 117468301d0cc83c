import { readdir, readFile } from 'node:fs/promises';

/** A process and all that it started, as far as there is a /proc to tell. */
export async function family(pid: number): Promise<number[]> {
  const found = [pid];
  for (const task of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const children = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '');
    for (const child of children.split(' ').filter(Boolean)) found.push(...(await family(Number(child))));
  }
  return found;
}
