import { python } from '../python.ts';
import { dltPackages } from './dlt.ts';
import type { CopyPeer } from './peer.ts';

const program = `
import sys, dlt
from dlt.sources.sql_database import sql_database
url, copy, folder, *tables = sys.argv[1:]
source = sql_database(url.replace('postgres://', 'postgresql+psycopg2://'), table_names=tables, backend='pyarrow', chunk_size=100000)
destination = dlt.destinations.postgres(copy.replace('postgres://', 'postgresql://'))
pipeline = dlt.pipeline('bench', destination=destination, dataset_name='public', pipelines_dir=folder + '/pipelines')
pipeline.run(source, loader_file_format='csv')
`;

/** dlt's fastest way into PostgreSQL: its pyarrow backend, and CSV that the server takes by COPY. */
export const dltCopy: CopyPeer = {
  name: 'dlt',
  title: 'dlt, pyarrow backend, CSV',
  copying: { aim: null, least: null },
  validated: { aim: 'faster', least: 1 },
  wantsTables: false,
  note: 'Makes its own tables, without keys and references.',
  async ready() {
    const installed = await python('dlt', dltPackages);
    if ('reason' in installed) return installed;
    return {
      command: ({ url, copyUrl, tables }, folder) =>
        [`${installed.bin}/python`, '-c', program, url, copyUrl, folder].concat(tables),
    };
  },
};
