import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunOptions } from '../../model/options.ts';
import { reader } from '../../sandbox/legacy-crm/index.ts';
import { checkConfig, type LoadedConfig } from '../config.ts';
import { makeKeyPair } from '../people.ts';

/** A file's content, made when it is not there. */
async function kept(file: string, make: () => string): Promise<string> {
  if (!existsSync(file)) await writeFile(file, make(), { mode: 0o600 });
  return readFile(file, 'utf8');
}

/** The demo's configuration: what a `landfall.config.ts` would say. */
export async function demoConfig(
  folder: string,
  at: {
    temporal: string;
    taskQueue: string;
    legacy: { host: string; port: number };
    cloud: { url: string; tokenUrl: string };
    options?: Partial<RunOptions>;
    /** How long the cloud CRM may take over a request, in milliseconds. */
    requestMs?: number;
    /** After which time what was sent to it can no longer take effect, in milliseconds; absent: as long as a request. */
    settlingMs?: number;
  },
): Promise<LoadedConfig> {
  for (const person of ['olga', 'emil']) {
    if (existsSync(join(folder, `${person}.key`))) continue;
    const pair = makeKeyPair();
    await writeFile(join(folder, `${person}.key`), pair.privateKey, { mode: 0o600 });
    await writeFile(join(folder, `${person}.pub`), pair.publicKey);
  }
  await kept(join(folder, 'master.key'), () => randomBytes(32).toString('base64'));
  await writeFile(join(folder, 'reader.password'), reader.password, { mode: 0o600 });
  await writeFile(join(folder, 'cloud.secret'), 'sandbox-secret', { mode: 0o600 });
  const blueprint = fileURLToPath(new URL('../../blueprints/crm/blueprint.ts', import.meta.url));
  const config = checkConfig(
    {
      staging: { folder: 'staging', masterKey: { file: 'master.key' }, scratch: join(folder, 'scratch') },
      temporal: { address: at.temporal, taskQueue: at.taskQueue },
      connections: {
        legacyCrm: {
          kind: 'postgres',
          host: at.legacy.host,
          port: at.legacy.port,
          database: 'legacy_crm',
          user: reader.user,
          password: { file: 'reader.password' },
          freeze: { set: 'SELECT crm.set_read_only($1)', probe: 'SELECT crm.writes_are_refused()' },
        },
        cloudCrm: {
          kind: 'odata-v4',
          url: at.cloud.url,
          auth: {
            kind: 'oauth2',
            tokenUrl: at.cloud.tokenUrl,
            clientId: 'landfall',
            clientSecret: { file: 'cloud.secret' },
          },
          timeouts: { requestMs: at.requestMs ?? 20_000 },
          settlingMs: at.settlingMs ?? at.requestMs ?? 20_000,
          liveMark: {
            collection: 'crm_settings',
            id: 'crm_settingid',
            keyProperty: 'crm_name',
            key: 'system-of-record',
            property: 'crm_value',
          },
        },
      },
      people: {
        olga: { name: 'Olga Owner', roles: ['owner'], publicKey: { file: 'olga.pub' } },
        emil: { name: 'Emil Engineer', roles: ['engineer'], publicKey: { file: 'emil.pub' } },
      },
      migrations: {
        crm: {
          blueprint,
          source: 'legacyCrm',
          target: 'cloudCrm',
          owners: ['olga'],
          engineers: ['emil'],
          options: { chunkRows: 10_000, retryFirstMs: 500, heartbeatTimeoutMs: 15_000, ...at.options },
        },
      },
    },
    'the demo’s configuration',
  );
  return { config, folder };
}
