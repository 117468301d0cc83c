import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { versus } from '../against.ts';
import { compete, type Contestant } from '../contest.ts';
import type { Measure } from '../measure.ts';
import { node } from '../node.ts';
import { connectorx } from '../peers/connectorx.ts';
import { copy } from '../peers/copy.ts';
import { dlt } from '../peers/dlt.ts';
import { duckdb } from '../peers/duckdb.ts';

const peers = [duckdb, copy, connectorx, dlt];
const Said = z.object({ rows: z.number(), chunks: z.number() });

function requireRows(found: number, due: number): void {
  if (found !== due) throw new Error(`read ${found} rows of ${due}`);
}

/** PostgreSQL into Parquet. Ours is the extraction step itself, and always encrypted: the product has no plain way. */
export const extract: Measure = {
  name: 'extract',
  async run(bench) {
    const { rows } = bench.sizes;
    const { server, ledger } = await bench.database();
    const database = await ledger(rows);
    const program = fileURLToPath(new URL('../ours/extract.ts', import.meta.url));
    const contestants: Contestant[] = [
      {
        name: 'ours',
        command: (folder) => [
          ...node(),
          program,
          `--port=${server.port}`,
          `--database=${database}`,
          `--folder=${folder}`,
        ],
        check: ({ stdout }) => requireRows(Said.parse(JSON.parse(stdout)).rows, rows),
      },
    ];
    const reasons = new Map<string, string>();
    for (const peer of peers) {
      if (bench.peers && !bench.peers.includes(peer.name)) {
        reasons.set(peer.name, 'was not asked for (--peers)');
        continue;
      }
      const ready = await peer.ready();
      if ('reason' in ready) reasons.set(peer.name, ready.reason);
      else {
        contestants.push({
          name: peer.name,
          command: (folder) => ready.command(server.url(database), 'gl_lines', folder),
          check: ({ stdout }) => requireRows(Number(/(\d+)\s*$/.exec(stdout)?.[1]), rows),
        });
      }
    }
    const outcomes = await compete(contestants, { rounds: bench.sizes.rounds, folder: bench.folder, log: bench.log });
    const ours = outcomes.get('ours');
    if (!ours) return [];
    return peers.map((peer) =>
      versus(
        `extract ${rows.toLocaleString('en-GB')} rows, encrypted only`,
        ours,
        outcomes.get(peer.name) ?? { reason: reasons.get(peer.name) ?? 'did not run' },
        { peerName: peer.title, aim: peer.aim, least: peer.least },
        peer.note,
      ),
    );
  },
};
