import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { python } from '../python.ts';
import type { CopyPeer } from './peer.ts';

/** Sling keeps its settings, and where it was told to, its log; none of the user's. */
const script = `
export SLING_HOME_DIR="$4/home" FROM_HERE="$2?sslmode=disable" TO_THERE="$3?sslmode=disable"
chmod +x "$1" && exec "$1" run -r "$5"
`;

/** Sling, whose binary lies in a Python package: streams CSV from one COPY into another. */
export const sling: CopyPeer = {
  name: 'sling',
  title: 'sling',
  copying: { aim: null, least: null },
  validated: { aim: 'faster', least: 1 },
  wantsTables: false,
  note: 'Makes its own tables, without keys and references; numbers without their precision.',
  async ready() {
    const processor = process.arch === 'arm64' ? 'arm64' : 'amd64';
    const installed = await python('sling', [`sling-linux-${processor}==1.4.11`]);
    if ('reason' in installed) return installed;
    const at = join(
      dirname(installed.bin),
      `lib/python3*/site-packages/sling_linux_${processor}/bin/sling-linux-${processor}`,
    );
    const [program] = globSync(at);
    if (program === undefined) return { reason: 'its package holds no program' };
    return {
      command: ({ url, copyUrl, tables }, folder) => {
        const replication = {
          source: 'FROM_HERE',
          target: 'TO_THERE',
          defaults: { mode: 'full-refresh', object: 'public.{stream_table}' },
          streams: Object.fromEntries(tables.map((table) => [`public.${table}`, {}])),
        };
        return ['/bin/bash', '-c', script, 'sling', program, url, copyUrl, folder, JSON.stringify(replication)];
      },
    };
  },
};
