import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface WorkflowSources {
  workflowsPath: string;
  workflowInterceptorModules: string[];
}

/** What a bundle of the workflows is made of, wherever one is made: the package's, a worker's own, a replay's. */
export function workflowSources(root: URL = new URL('../', import.meta.url)): WorkflowSources {
  const file = (name: string): string => {
    const source = fileURLToPath(new URL(`workflows/${name}.ts`, root));
    return existsSync(source) ? source : fileURLToPath(new URL(`workflows/${name}.js`, root));
  };
  return { workflowsPath: file('index'), workflowInterceptorModules: [file('read-ahead')] };
}
