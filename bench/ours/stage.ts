import { parseArgs } from 'node:util';
import { sealTransform } from '../../activities/seal.ts';
import { openLedger, quietly, underLease } from './ledger.ts';
import { extractAll, pass } from './steps.ts';

/** Extracts and maps a ledger, as a worker's process does between the source and the target. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    database: { type: 'string', default: '' },
    folder: { type: 'string', default: '' },
  },
});
const { database, folder } = values;
const { system, of, options } = await openLedger({ port: Number(values.port), database, folder }, 'stage');
try {
  const fanOut = options.chunkFanOut;
  const extract = await underLease(system, of, (lease) => extractAll(system, of, lease, fanOut));
  const ledgers = { extract: extract.ledger };
  const through = { ledgers, lease: null, chunkPlan: null, chunks: extract.chunks, fanOut };
  const transform = await pass(system, of, 'transform', through);
  await sealTransform(
    system,
    { ...of, entity: 'line', ledgers: { ...ledgers, transform: transform.ledger }, crosswalk: null },
    quietly,
  );
  process.stdout.write(`${JSON.stringify({ rows: transform.counts['line']?.ready ?? 0 })}\n`);
} finally {
  await system.close();
}
