import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { checkConfig } from '../../cli/config.ts';
import type { Config } from '../../model/config.ts';

/** A configuration with no connections: enough for a worker that runs workflows. */
export function bareConfig(address: string, taskQueue: string): Config {
  process.env['LANDFALL_MASTER_KEY'] ??= randomBytes(32).toString('base64');
  return checkConfig(
    {
      staging: { folder: join(tmpdir(), taskQueue), masterKey: { env: 'LANDFALL_MASTER_KEY' } },
      temporal: { address, taskQueue },
      connections: {},
      people: {},
      migrations: {},
    },
    'a bare configuration',
  );
}
