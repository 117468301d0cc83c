import type { TestProject } from 'vitest/node';
import { provideTemporal } from '../../sandbox/temporal.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `host:port` of the server that all tests of the project `temporal` share; take task queues of your own. */
    temporalAddress: string;
    temporalNamespace: string;
  }
}

/** One development server for all tests that need one. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await provideTemporal({ log: console.log, searchAttributes });
  project.provide('temporalAddress', server.address);
  project.provide('temporalNamespace', server.namespace);
  return () => server.stop();
}
