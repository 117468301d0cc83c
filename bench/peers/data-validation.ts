import { python } from '../python.ts';
import type { ComparisonPeer } from './peer.ts';

const script = `
export PSO_DV_CONN_HOME="$5" && url() { "$0" -c "import sys, urllib.parse as p; u = p.urlparse(sys.argv[1]); print(u.port, u.username, u.password, u.path[1:])" "$1"; }
add() { read -r port user password database <<END
$(url "$2")
END
"$(dirname "$0")/data-validation" connections add -c "$1" Postgres --host 127.0.0.1 --port "$port" --user "$user" --password "$password" --database "$database" >/dev/null; }
add one "$1" && add other "$2" &&
"$(dirname "$0")/data-validation" -ll ERROR validate row -sc one -tc other -tbls "public.$3=public.$3" -pk "$4" -hash '*' -fs fail -fmt json
`;

/** Google's Data Validation Tool: hashes each row in the databases and joins the hashes in memory. */
export const dataValidation: ComparisonPeer = {
  name: 'data-validation',
  title: 'Google data-validation-tool',
  aim: null,
  least: null,
  note: 'Lists keys and hashes, no values; holds all keys and hashes in memory.',
  async ready() {
    const installed = await python('data-validation', ['google-pso-data-validator==8.10.1', 'setuptools<81']);
    if ('reason' in installed) return installed;
    return {
      command: ({ url, copyUrl, table, key }, folder) => [
        '/bin/bash',
        '-c',
        script,
        `${installed.bin}/python`,
        url,
        copyUrl,
        table,
        key,
        folder,
      ],
      found(stdout) {
        const rows = Object.values(
          JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, Record<string, unknown>>,
        );
        const missing = rows.filter(
          (row) => row['source_agg_value'] === null || row['target_agg_value'] === null,
        ).length;
        return { changed: rows.length - missing, missing };
      },
    };
  },
};
