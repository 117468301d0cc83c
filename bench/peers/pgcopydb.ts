import { debian } from '../debian.ts';
import type { CopyPeer } from './peer.ts';

/** pgcopydb: COPY from one server piped into COPY to the other, several tables at once. */
export const pgcopydb: CopyPeer = {
  name: 'pgcopydb',
  title: 'pgcopydb copy table-data',
  copying: { aim: 'ours at most 1.5 times its time', least: 1 / 1.5 },
  validated: { aim: null, least: null },
  wantsTables: true,
  note: 'Two tables at once, each in one stream; `copy table-data`, because `clone` wants a pg_dump of the server’s own version.',
  async ready() {
    const installed = await debian('pgcopydb');
    if ('reason' in installed) return installed;
    return {
      command: ({ url, copyUrl }, folder) =>
        [`${installed.bin}/pgcopydb`, 'copy', 'table-data', '--source', url, '--target', copyUrl].concat([
          '--dir',
          `${folder}/work`,
          '--table-jobs',
          '2',
          '--not-consistent',
        ]),
    };
  },
};
