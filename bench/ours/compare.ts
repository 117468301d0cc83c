import { parseArgs } from 'node:util';
import { manifestsOf, inputsOf } from '../../activities/transform.ts';
import { compareRows } from '../../reconcile/compare.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import { parquetKeys, relationOf } from '../../staging/rows.ts';
import { openLedger, quietly, underLease, type OpenLedger } from './ledger.ts';
import { extractAll } from './steps.ts';

/** Stages a ledger and its copy, compares them row by row as reconciliation does, and lists every difference. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    database: { type: 'string', default: '' },
    copy: { type: 'string', default: '' },
    folder: { type: 'string', default: '' },
    'chunk-rows': { type: 'string' },
  },
});
const Listed = 10_000;
const over = values['chunk-rows'] === undefined ? {} : { chunkRows: Number(values['chunk-rows']) };

interface Side {
  open: OpenLedger;
  pieces: string[];
  files: string[];
  key: string;
  rows: number;
}

/** @param key the name under which the comparison knows the side's key: each run has keys of its own */
async function stage(database: string, key: string): Promise<Side> {
  const open = await openLedger({ port: Number(values.port), database, folder: values.folder }, key, over);
  const { system, of, options } = open;
  const done = await underLease(system, of, (lease) => extractAll(system, of, lease, options.chunkFanOut));
  const staging = await system.staging(of.run);
  const manifests = await manifestsOf(staging, 'line', 'extract', done.ledger);
  const inputs = await inputsOf(staging, manifests, 'rows');
  const files = inputs.map((input) => input.local);
  return { open, pieces: files.map((local) => relationOf([{ local, key }])), files, key, rows: done.rows };
}

const started = performance.now();
const meant = await stage(values.database, 'rows');
const actual = await stage(values.copy, 'found');
const staged = performance.now();
const keyOf = async ({ open }: Side): Promise<string> =>
  (await parquetKeys(await open.system.staging(open.of.run), ['rows']))['rows'] ?? '';
const staging = await meant.open.system.staging(meant.open.of.run);
const compared = await withDuckJob(
  staging.budget,
  {
    purpose: 'compare ledgers',
    scratch: staging.scratch,
    keys: { rows: await keyOf(meant), found: await keyOf(actual) },
    reads: [...meant.files, ...actual.files],
    signal: quietly.signal,
  },
  (job) =>
    compareRows(job, {
      meant: meant.pieces,
      actual: actual.pieces,
      fields: ['header_id', 'account', 'amount', 'currency', 'description', 'posted_at', 'reversed'],
      masked: new Set(),
      list: Listed,
    }),
);
for (const { open } of [meant, actual]) await open.system.close();
const { differing, missing, unexpected, equal, differences, missingKeys } = compared;
const seconds = { staging: (staged - started) / 1000, comparing: (performance.now() - staged) / 1000 };
process.stdout.write(
  `${JSON.stringify({ rows: meant.rows, differing, missing, unexpected, equal, listed: differences.length + missingKeys.length, seconds })}\n`,
);
