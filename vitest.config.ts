import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Folders whose tests talk to a Temporal server; all others run without one, and so start at once. */
const withTemporal = ['tests/{workflows,worker,e2e,chaos,replay,bench}/**/*.test.ts'];

export default defineConfig({
  test: {
    // Temporal's and DuckDB's native libraries want processes, not threads.
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    // What a passing test prints is of interest to nobody.
    silent: 'passed-only',
    // A bound on hanging, not a measure of speed: the machine may be busy with other things.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
    // Workers and commands that tests start compile once what they all are made of.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
    globalSetup: ['tests/setup/leftovers.ts', 'tests/setup/scratch.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: withTemporal,
          // An eighth of their time went into loading the same modules for each file anew.
          isolate: false,
          globalSetup: ['tests/setup/duckdb.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'temporal',
          include: withTemporal,
          globalSetup: ['tests/setup/duckdb.ts', 'tests/setup/temporal.ts'],
        },
      },
    ],
  },
});
