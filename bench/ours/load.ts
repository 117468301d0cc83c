import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { putPlan } from '../../activities/documents.ts';
import { checkMigration, withSystem } from '../../cli/runs.ts';
import { makeKeyPair } from '../../cli/people.ts';
import { ledgerConfig, underLease } from './ledger.ts';
import { extractAll, pass } from './steps.ts';

/** Extracts and maps a ledger, then loads it as a run would, and says how long the load alone took. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    database: { type: 'string', default: '' },
    folder: { type: 'string', default: '' },
    target: { type: 'string', default: '' },
    'chunk-rows': { type: 'string', default: '50000' },
  },
});
const { database, folder } = values;
const target = JSON.parse(readFileSync(values.target, 'utf8')) as Record<string, unknown> & { kind: string };
const loaded = ledgerConfig(
  { port: Number(values.port), database, folder },
  { target, options: { chunkRows: Number(values['chunk-rows']) }, publicKey: makeKeyPair().publicKey },
);
await withSystem(loaded, async (system) => {
  const { plan, problems } = await checkMigration(loaded, system, 'ledger', 'rehearsal');
  if (!plan) throw new Error(JSON.stringify(problems));
  const of = { run: 'load', plan: await putPlan(await system.staging('load'), plan) };
  const fanOut = plan.options.chunkFanOut;
  const extract = await underLease(system, of, (lease) => extractAll(system, of, lease, fanOut));
  const through = { lease: null, chunkPlan: null, chunks: extract.chunks, fanOut };
  const ledgers = { extract: extract.ledger };
  const transform = await pass(system, of, 'transform', { ...through, ledgers });
  const started = performance.now();
  const load = await pass(system, of, 'load', { ...through, ledgers: { ...ledgers, transform: transform.ledger } });
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(`${JSON.stringify({ seconds, rows: load.counts['line']?.created ?? 0 })}\n`);
});
