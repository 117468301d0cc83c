import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ExtractionPeer } from './peer.ts';

/** PostgreSQL's own client, from the PATH or from where Debian keeps it. */
function psql(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...(existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : []),
  ];
  return folders.map((folder) => join(folder, 'psql')).find((file) => existsSync(file));
}

/** The limit of one stream: everything in PostgreSQL's text format, thrown away. */
export const copy: ExtractionPeer = {
  name: 'copy',
  title: 'COPY … TO STDOUT (psql)',
  aim: null,
  least: null,
  note: 'The limit of one stream: keeps nothing.',
  ready: () => {
    const program = psql();
    if (program === undefined) return Promise.resolve({ reason: 'psql is not installed' });
    const script = `"$0" -X -q -d "$1" -c "COPY $2 TO STDOUT" >/dev/null && "$0" -X -A -t -d "$1" -c "SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = '$2'"`;
    return Promise.resolve({ command: (url, table) => ['/bin/sh', '-c', script, program, url, table] });
  },
};
