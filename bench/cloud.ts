import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCloudCrm, type CloudCrm } from '../sandbox/cloud-crm/index.ts';
import type { Limits } from '../sandbox/cloud-crm/limits.ts';
import type { BenchDatabase } from './database.ts';

let made = 0;

export interface EmptyCloud {
  cloud: CloudCrm;
  database: string;
  /** How a connection to it is configured. */
  settings: Record<string, unknown> & { kind: string };
}

/** A cloud CRM without rows, in a database of its own. Requests are without limit unless `limits` says otherwise. */
export async function emptyCloud(
  { server }: BenchDatabase,
  of: { folder: string; limits?: Partial<Limits> },
): Promise<EmptyCloud> {
  made += 1;
  const database = `cloud_${made}`;
  await server.createDatabase(database);
  const limits = { requestsPerWindow: 10_000_000, ...of.limits };
  const cloud = await startCloudCrm({ databaseUrl: server.url(database), limits });
  const secret = join(of.folder, `cloud-${made}.secret`);
  writeFileSync(secret, cloud.clientSecret, { mode: 0o600 });
  const { tokenUrl, clientId } = cloud;
  const auth = { kind: 'oauth2', tokenUrl, clientId, clientSecret: { file: secret } };
  return { cloud, database, settings: { kind: 'odata-v4', url: cloud.url, auth } };
}
