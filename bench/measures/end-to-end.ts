import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { makeKeyPair } from '../../cli/people.ts';
import { hundredths, versus } from '../against.ts';
import { compete, type Contestant, type Outcome } from '../contest.ts';
import { BooksTables, type BenchDatabase } from '../database.ts';
import type { Finding } from '../finding.ts';
import type { Bench, Measure } from '../measure.ts';
import { ledgerConfig } from '../ours/ledger.ts';
import { dltCopy } from '../peers/dlt-copy.ts';
import type { CopyPeer } from '../peers/peer.ts';
import { pgcopydb } from '../peers/pgcopydb.ts';
import { reladiff } from '../peers/reladiff.ts';
import { sling } from '../peers/sling.ts';
import { processorSeconds, runProcess, watchMemory, type Ran } from '../process.ts';
import { landfall, openRuns, type Runs } from '../runs.ts';
import { phasesUntilReport } from '../whole-run.ts';

const peers = [pgcopydb, dltCopy, sling];
const tables = [
  { table: 'gl_headers', key: 'header_id', columns: ['reference', 'entered_on'] },
  {
    table: 'gl_lines',
    key: 'line_id',
    columns: ['header_id', 'account', 'amount', 'currency', 'description', 'posted_at', 'reversed'],
  },
] as const;
const keys = tables.map(({ table, key }) => `ALTER TABLE ${table} ADD PRIMARY KEY (${key})`).join(';');
const Said = z.object({ loaded: z.number(), phases: z.record(z.string(), z.number()) });

async function requireRows(database: BenchDatabase, name: string, rows: number): Promise<void> {
  const [row] = await database.run(name, 'SELECT count(*)::int AS n FROM gl_lines');
  if (row?.['n'] !== rows) throw new Error(`copied ${String(row?.['n'])} rows of ${rows}`);
}

/** Ours: the command that starts a run, until the report of a worker that was up before. */
async function runOurs(runs: Runs, worker: number, command: readonly string[], run: string): Promise<Ran> {
  const memory = watchMemory(worker);
  const before = await processorSeconds(worker);
  try {
    const ran = await runProcess(command);
    const phases = await phasesUntilReport(runs, run);
    const sum = Object.values(phases).reduce((total, one) => total + one, 0);
    const after = await processorSeconds(worker);
    const [peak, own] = [await memory.stop(), ran.peakMiB];
    const cpu = [before, after, ran.cpuSeconds];
    // The command ends once the run has begun: what it took before that is not in the run's phases.
    const seconds = ran.seconds + sum;
    const loaded = seconds - (phases['reconcile'] ?? 0);
    return {
      seconds,
      cpuSeconds: cpu.includes(null) ? null : (after ?? 0) - (before ?? 0) + (ran.cpuSeconds ?? 0),
      peakMiB: peak === null || own === null ? null : peak + own,
      stdout: JSON.stringify({ loaded, phases }),
    };
  } finally {
    await memory.stop();
  }
}

/** One after the other: what both took together. Null once one failed. */
function together(copied: Outcome, validated: Outcome): Outcome {
  const rounds = copied.rounds.map((one, i) => one + (validated.rounds[i] ?? Number.NaN)).filter(Number.isFinite);
  const cpu = [copied.cpuSeconds, validated.cpuSeconds];
  const failure = copied.failure ?? validated.failure;
  return {
    ...copied,
    seconds: failure === null && rounds.length > 0 ? Math.min(...rounds) : null,
    rounds,
    cpuSeconds: cpu.includes(null) ? null : (cpu[0] ?? 0) + (cpu[1] ?? 0),
    peakMiB: Math.max(copied.peakMiB ?? 0, validated.peakMiB ?? 0) || null,
    command: `${copied.command} && ${validated.command}`,
    failure,
  };
}

/** Copies, and then validates with reladiff, in a database of the peer's own that each round begins empty. */
async function contestantsOf(
  peer: CopyPeer,
  of: { bench: Bench; books: string; rows: number },
): Promise<Contestant[] | { reason: string }> {
  const { bench, books, rows } = of;
  if (bench.peers && !bench.peers.includes(peer.name)) return { reason: 'was not asked for (--peers)' };
  const [ready, validation] = [await peer.ready(), await reladiff.ready()];
  if ('reason' in ready) return ready;
  const database = await bench.database();
  let copy = '';
  let copied = false;
  const task = () => ({ url: database.server.url(books), copyUrl: database.server.url(copy) });
  const copies: Contestant = {
    name: peer.name,
    async prepare() {
      copied = false;
      if (copy !== '') await database.drop(copy);
      copy = await database.empty(peer.wantsTables ? BooksTables : []);
      await database.run('postgres', 'CHECKPOINT');
    },
    command: (folder) => ready.command({ ...task(), tables: tables.map((one) => one.table) }, folder),
    async check() {
      await requireRows(database, copy, rows);
      // Without them, every range that the validation asks for would be a scan of the table.
      if (!peer.wantsTables) await database.run(copy, keys);
      copied = true;
    },
  };
  if ('reason' in validation) return [copies];
  const validates: Contestant = {
    name: `${peer.name}, reladiff`,
    async prepare() {
      if (!copied) throw new Error('there is no whole copy to validate');
      await database.run(copy, 'VACUUM ANALYZE');
    },
    command: (folder) => [
      '/bin/sh',
      '-ec',
      tables
        .map((table) => validation.command({ ...task(), ...table }, folder))
        // It ends well when it fails, and says so in its log alone.
        .map((command) => `${command.map((one) => `'${one}'`).join(' ')} 2>&1`)
        .join('\n'),
    ],
    check({ stdout }) {
      const failure = /^.* ERROR .*$/m.exec(stdout)?.[0];
      if (failure !== undefined) throw new Error(failure);
      const rows = stdout.split('\n').filter((line) => !/^\[\d\d:\d\d:\d\d\]/.test(line));
      const found = validation.found(rows.join('\n'));
      if (found.changed + found.missing > 0) throw new Error(`${found.changed + found.missing} rows differ`);
    },
  };
  return [copies, validates];
}

/** PostgreSQL into PostgreSQL: a whole run of ours, its reconciliation included, beside what people would use otherwise. */
export const endToEnd: Measure = {
  name: 'end-to-end',
  async run(bench) {
    const { endToEndRows: rows } = bench.sizes;
    const database = await bench.database();
    const books = await database.books(rows);
    const target = await database.empty(BooksTables);
    const folder = join(bench.folder, 'ours');
    await mkdir(folder);
    const { port } = database.server;
    const runs = await openRuns(folder, bench.log, (temporal) =>
      ledgerConfig(
        { port, database: books, folder },
        {
          temporal,
          target: { kind: 'postgres', host: '127.0.0.1', port, database: target, user: 'postgres' },
          publicKey: makeKeyPair().publicKey,
          blueprint: fileURLToPath(new URL('../two-tables.ts', import.meta.url)),
        },
      ),
    );
    try {
      const worker = await runs.readyWorker();
      let round = -1;
      const idOf = (): string => `bench-end-to-end-${round}`;
      const contestants: Contestant[] = [
        {
          name: 'ours',
          async prepare() {
            await database.run(target, 'TRUNCATE gl_headers, gl_lines');
            await database.run(target, 'CHECKPOINT');
          },
          command() {
            round += 1;
            return landfall(runs.configFile, 'run', 'ledger', '--as', 'emil', '--id', idOf());
          },
          run: (command) => runOurs(runs, worker.pid ?? 0, command, idOf()),
          check: () => requireRows(database, target, rows),
        },
      ];
      const reasons = new Map<string, string>();
      for (const peer of peers) {
        const made = await contestantsOf(peer, { bench, books, rows });
        if ('reason' in made) reasons.set(peer.name, made.reason);
        else contestants.push(...made);
      }
      const outcomes = await compete(contestants, { rounds: bench.sizes.rounds, folder: bench.folder, log: bench.log });
      const whole = outcomes.get('ours');
      if (!whole) return [];
      return findings(rows, whole, outcomes, reasons, runs.temporal);
    } finally {
      await runs.close();
      await database.drop(target);
    }
  },
};

function findings(
  rows: number,
  whole: Outcome,
  outcomes: ReadonlyMap<string, Outcome>,
  reasons: ReadonlyMap<string, string>,
  temporal: string,
): Finding[] {
  const said = whole.said === '' ? null : Said.parse(JSON.parse(whole.said));
  const loaded: Outcome = {
    ...whole,
    seconds: said?.loaded ?? null,
    rounds: [],
    cpuSeconds: null,
    peakMiB: null,
  };
  const phases = Object.entries(said?.phases ?? {}).map(([phase, seconds]) => `${phase} ${seconds} s`);
  const split = `Ours, from the command to the report of a worker that was up before, in its best round: ${phases.join(', ')}; ${temporal}.`;
  const of = `${rows.toLocaleString('en-GB')} lines and their headers, PostgreSQL to PostgreSQL`;
  return peers.flatMap((peer) => {
    const copied = outcomes.get(peer.name);
    const validated = outcomes.get(`${peer.name}, reladiff`);
    const reason = { reason: reasons.get(peer.name) ?? 'did not run' };
    const bare =
      whole.seconds === null || !copied?.seconds
        ? ''
        : ` Without any validation, it took ${hundredths(copied.seconds)} s.`;
    const title = peer.title;
    return [
      versus(
        `${of}, until loaded`,
        loaded,
        copied ?? reason,
        { peerName: title, ...peer.copying },
        `${split} ${peer.note}`,
      ),
      versus(
        `${of}, with validation`,
        whole,
        copied && validated ? together(copied, validated) : copied ? { reason: 'reladiff does not install' } : reason,
        { peerName: `${title}, then reladiff`, ...peer.validated },
        `Ours reconciles every field of every row, and the controls; the peer has no validation of its own, so reladiff compares both tables after it.${bare} ${peer.note}`,
      ),
    ];
  });
}
