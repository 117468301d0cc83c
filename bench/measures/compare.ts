import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { versus } from '../against.ts';
import { compete, type Contestant } from '../contest.ts';
import { Planted } from '../database.ts';
import type { Measure } from '../measure.ts';
import { node } from '../node.ts';
import { dataValidation } from '../peers/data-validation.ts';
import type { Found } from '../peers/peer.ts';
import { reladiff } from '../peers/reladiff.ts';

const peers = [reladiff, dataValidation];
const Said = z.object({
  differing: z.number(),
  missing: z.number(),
  unexpected: z.number(),
  listed: z.number(),
  seconds: z.object({ staging: z.number(), comparing: z.number() }),
});

function requireFound(found: Found): void {
  if (found.changed === Planted.changed && found.missing === Planted.missing) return;
  throw new Error(`found ${found.changed} changed and ${found.missing} missing rows`);
}

/** Two tables in two databases. Ours reads both sides into staging first, as a run does, and that is in its time. */
export const compare: Measure = {
  name: 'compare',
  async run(bench) {
    const { rows } = bench.sizes;
    const { server, ledger, copyOf } = await bench.database();
    const [database, copy] = [await ledger(rows), await copyOf(rows)];
    const program = fileURLToPath(new URL('../ours/compare.ts', import.meta.url));
    const of = {
      url: server.url(database),
      copyUrl: server.url(copy),
      table: 'gl_lines',
      key: 'line_id',
      columns: ['header_id', 'account', 'amount', 'currency', 'description', 'posted_at', 'reversed'],
    };
    const contestants: Contestant[] = [
      {
        name: 'ours',
        command: (folder) => [
          ...node(),
          program,
          `--port=${server.port}`,
          `--database=${database}`,
          `--copy=${copy}`,
          `--folder=${folder}`,
        ],
        check({ stdout }) {
          const said = Said.parse(JSON.parse(stdout));
          requireFound({ changed: said.differing, missing: said.missing + said.unexpected });
        },
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
          command: (folder) => ready.command(of, folder),
          check: ({ stdout }) => requireFound(ready.found(stdout)),
        });
      }
    }
    const outcomes = await compete(contestants, { rounds: bench.sizes.rounds, folder: bench.folder, log: bench.log });
    const ours = outcomes.get('ours');
    if (!ours) return [];
    const parts = ours.said === '' ? null : Said.parse(JSON.parse(ours.said)).seconds;
    const split =
      parts === null ? '' : `Ours: ${parts.staging.toFixed(1)} s staging, ${parts.comparing.toFixed(1)} s comparing. `;
    return peers.map((peer) =>
      versus(
        `compare 2 × ${rows.toLocaleString('en-GB')} rows, ${Planted.changed} changed, ${Planted.missing} missing`,
        ours,
        outcomes.get(peer.name) ?? { reason: reasons.get(peer.name) ?? 'did not run' },
        { peerName: peer.title, aim: peer.aim, least: peer.least },
        split + peer.note,
      ),
    );
  },
};
