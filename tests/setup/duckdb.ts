import { signedExtension } from '../../staging/duckdb/extensions.ts';

/** The extensions that tests load, fetched before any test's clock runs. */
export async function setup(): Promise<void> {
  for (const name of ['httpfs', 'postgres_scanner'] as const) await signedExtension(name, console.log);
}
