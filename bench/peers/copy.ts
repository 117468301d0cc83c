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
    // What psql says when it is done, `COPY 5000000`, comes where the rows would otherwise go.
    const copied = (table: string): string => `\\copy ${table} TO '/dev/null'`;
    return Promise.resolve({ command: (url, table) => [program, '-X', '-d', url, '-c', copied(table)] });
  },
};
