import { parseArgs } from 'node:util';
import { openLedger, underLease } from './ledger.ts';
import { extractAll } from './steps.ts';

/** Extracts a ledger as a run would: under a snapshot, chunk by chunk, encrypted, counted against the source, synced. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    database: { type: 'string', default: '' },
    folder: { type: 'string', default: '' },
    'chunk-rows': { type: 'string' },
  },
});
const { database, folder, 'chunk-rows': chunkRows } = values;
const over = chunkRows === undefined ? {} : { chunkRows: Number(chunkRows) };
const { system, of, options } = await openLedger({ port: Number(values.port), database, folder }, 'extract', over);
try {
  const done = await underLease(system, of, (lease) => extractAll(system, of, lease, options.chunkFanOut));
  process.stdout.write(`${JSON.stringify({ rows: done.rows, chunks: done.chunks })}\n`);
} finally {
  await system.close();
}
