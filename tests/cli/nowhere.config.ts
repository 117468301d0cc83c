import { defineConfig, env } from '../../model/builders.ts';

/** A configuration that holds, of systems that are nowhere. */
export default defineConfig({
  staging: { folder: 'staging', masterKey: env('LANDFALL_MASTER_KEY') },
  temporal: { address: '127.0.0.1:9' },
  connections: {},
  people: {},
  migrations: {},
});
