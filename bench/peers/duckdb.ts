import { python } from '../python.ts';
import type { ExtractionPeer } from './peer.ts';

const program = `
import glob, os, sys, duckdb, duckdb_extension_postgres_scanner as extension
url, table, target = sys.argv[1:4]
con = duckdb.connect(config={'threads': os.cpu_count()})
found = glob.glob(os.path.dirname(extension.__file__) + '/extensions/*/postgres_scanner.duckdb_extension')
con.execute(f"LOAD '{found[0]}'")
con.execute(f"COPY (FROM postgres_scan('{url}', 'public', '{table}')) TO '{target}/rows.parquet' (FORMAT parquet, COMPRESSION zstd)")
print(con.execute(f"SELECT count(*) FROM '{target}/rows.parquet'").fetchone()[0])
`;

/** DuckDB's own extension: reads ranges of the table's pages in parallel, within one snapshot. */
export const duckdb: ExtractionPeer = {
  name: 'duckdb',
  title: 'DuckDB postgres_scan',
  aim: 'ours at most 1.2 times its time',
  least: 1 / 1.2,
  note: 'Writes one plain file, neither encrypted nor synced, and counts nothing against the source.',
  async ready() {
    const installed = await python('duckdb', ['duckdb==1.5.5', 'duckdb-extension-postgres-scanner==1.5.5']);
    if ('reason' in installed) return installed;
    return {
      command: (url, table, folder) => [`${installed.bin}/python`, '-c', program, url, table, folder],
    };
  },
};
