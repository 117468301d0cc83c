import { python } from '../python.ts';
import type { ExtractionPeer } from './peer.ts';

const program = `
import sys, connectorx, pyarrow.parquet as parquet
url, table, target = sys.argv[1:4]
rows = connectorx.read_sql(url, f'SELECT * FROM {table}', return_type='arrow', partition_on='line_id', partition_num=2)
parquet.write_table(rows, target + '/rows.parquet', compression='zstd')
print(rows.num_rows)
`;

/** Reads two ranges of the key at once into Arrow, all of it in memory. */
export const connectorx: ExtractionPeer = {
  name: 'connectorx',
  title: 'connectorx',
  aim: null,
  least: null,
  note: 'Two partitions; holds all rows in memory; numeric becomes floating point; two connections without a common snapshot.',
  async ready() {
    const installed = await python('connectorx', ['connectorx==0.4.6', 'pyarrow==26.0.1']);
    if ('reason' in installed) return installed;
    return { command: (url, table, folder) => [`${installed.bin}/python`, '-c', program, url, table, folder] };
  },
};
