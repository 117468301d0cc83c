import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunRef } from '../../activities/contract.ts';
import type { Beat } from '../../activities/dependencies.ts';
import { putPlan } from '../../activities/documents.ts';
import { awaitLease, holdLease } from '../../activities/lease.ts';
import { checkConfig, type LoadedConfig } from '../../cli/config.ts';
import type { Plan } from '../../model/plan.ts';
import { RunOptions } from '../../model/options.ts';
import { createSystem, type System } from '../../worker/dependencies.ts';
import blueprint from '../blueprint.ts';

/** A beat for steps that nobody watches. */
export const quietly: Beat = { signal: new AbortController().signal, beat: () => {} };

export interface LedgerAt {
  port: number;
  database: string;
  folder: string;
}

/** The configuration of a migration whose source is a ledger on this machine. Everything else is as the product has it. */
export function ledgerConfig(
  at: LedgerAt,
  over: {
    temporal?: { address: string; taskQueue: string };
    target?: Record<string, unknown> & { kind: string };
    options?: Partial<RunOptions>;
    publicKey?: string;
    /** A file; the ledger's lines for the cloud CRM where it is left out. */
    blueprint?: string;
  } = {},
): LoadedConfig {
  writeFileSync(join(at.folder, 'master.key'), randomBytes(32).toString('base64'), { flag: 'a' });
  const person = { publicKey: over.publicKey ?? '-----BEGIN PUBLIC KEY-----' };
  const config = checkConfig(
    {
      staging: {
        folder: join(at.folder, 'staging'),
        masterKey: { file: join(at.folder, 'master.key') },
        scratch: join(at.folder, 'scratch'),
      },
      temporal: over.temporal ?? {},
      connections: {
        ledger: { kind: 'postgres', host: '127.0.0.1', port: at.port, database: at.database, user: 'postgres' },
        cloud: over.target ?? { kind: 'odata-v4', url: 'http://127.0.0.1:9', auth: { kind: 'none' } },
      },
      people: {
        olga: { name: 'Olga Owner', roles: ['owner'], ...person },
        emil: { name: 'Emil Engineer', roles: ['engineer'], ...person },
      },
      migrations: {
        ledger: {
          blueprint: over.blueprint ?? fileURLToPath(new URL('../blueprint.ts', import.meta.url)),
          source: 'ledger',
          target: 'cloud',
          owners: ['olga'],
          engineers: ['emil'],
          options: over.options ?? {},
        },
      },
    },
    'the bench’s configuration',
  );
  return { config, folder: at.folder };
}

/** A plan for steps that never talk to the target, which therefore need not be up. */
async function planOf(system: System, options: Partial<RunOptions>): Promise<Plan> {
  const source = await system.source('ledger');
  const [described] = await source.describe(['gl_lines']);
  if (!described) throw new Error('the ledger has no gl_lines');
  const { columns, estimatedRows, fingerprint } = described;
  return {
    version: 1,
    landfall: 'bench',
    migration: 'ledger',
    mode: 'rehearsal',
    source: { name: 'ledger', kind: 'postgres', freezes: false, snapshots: true },
    target: { name: 'cloud', kind: 'odata-v4' },
    blueprint,
    bundle: '',
    lookups: {},
    parts: {
      line: { columns, estimatedRows, sourceFingerprint: fingerprint, targetFingerprint: '', classes: {}, reads: {} },
    },
    order: ['line'],
    people: {},
    owners: ['olga'],
    engineers: ['emil'],
    options: RunOptions.parse(options),
  };
}

export interface OpenLedger {
  system: System;
  of: RunRef;
  options: RunOptions;
}

/** Opens a ledger and stages a plan for a run over it. */
export async function openLedger(at: LedgerAt, run: string, options: Partial<RunOptions> = {}): Promise<OpenLedger> {
  const loaded = ledgerConfig(at, { options });
  const system = createSystem(loaded.config, loaded.folder);
  const plan = await planOf(system, options);
  return { system, of: { run, plan: await putPlan(await system.staging(run), plan) }, options: plan.options };
}

/** Does work under a snapshot of the source, held by the step that holds it in a run. */
export async function underLease<T>(system: System, of: RunRef, work: (lease: number) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const held = holdLease(system, { ...of, epoch: 1 }, { signal: over.signal, beat: () => {} });
  try {
    await Promise.race([awaitLease(system, { ...of, epoch: 1 }, quietly), held]);
    return await work(1);
  } finally {
    over.abort();
    await held;
  }
}
