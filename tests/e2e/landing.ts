import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import pg from 'pg';
import type { LoadedConfig } from '../../cli/config.ts';
import { ask } from '../../cli/ask.ts';
import { demoConfig } from '../../cli/dev/demo-config.ts';
import { readStatus } from '../../cli/progress.ts';
import { checkMigration, decide, startRun, withClient, withSystem } from '../../cli/runs.ts';
import type { RunOptions } from '../../model/options.ts';
import type { RunMode } from '../../model/plan.ts';
import type { Report } from '../../model/report.ts';
import type { RunStatus } from '../../model/run.ts';
import { readReport } from '../../activities/reports.ts';
import { startCloudCrm, type CloudCrm } from '../../sandbox/cloud-crm/index.ts';
import type { Limits } from '../../sandbox/cloud-crm/limits.ts';
import { createLegacyCrm, type LegacyFacts } from '../../sandbox/legacy-crm/index.ts';
import { status } from '../../workflows/messages.ts';
import type { Wire } from '../chaos/wire.ts';
import { startPostgres, type SandboxPostgres } from '../../sandbox/postgres.ts';

/** Milliseconds between two looks at a run: the phases of small runs are short. */
const LookMs = 100;

/** Everything a migration needs, real and on this machine: a legacy CRM, a cloud CRM, a configuration. */
export interface Landing {
  loaded: LoadedConfig;
  configFile: string;
  postgres: SandboxPostgres;
  cloud: CloudCrm;
  facts: LegacyFacts;
  legacy<T>(sql: string): Promise<T[]>;
  target<T>(sql: string): Promise<T[]>;
  start(of?: { mode?: RunMode; run?: string; migration?: string }): Promise<string>;
  status(run: string): Promise<RunStatus>;
  until(run: string, reached: (now: RunStatus) => boolean): Promise<RunStatus>;
  report(run: string): Promise<Report>;
  sign(run: string, of?: { person?: string; decision?: string; about?: string }): Promise<void>;
  close(): Promise<void>;
}

async function query<T>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

/**
 * The CRM's own blueprint with its entities changed.
 *
 * @param change JavaScript: from `entity` to what it shall be
 * @param only the entities that move; all where it is absent
 */
export async function varied(folder: string, change: string, only?: readonly string[]): Promise<string> {
  const crm = fileURLToPath(new URL('../../blueprints/crm/', import.meta.url));
  const file = join(folder, 'blueprint.ts');
  await mkdir(folder, { recursive: true });
  await copyFile(join(crm, 'countries.csv'), join(folder, 'countries.csv'));
  await writeFile(
    file,
    `import crm from ${JSON.stringify(join(crm, 'blueprint.ts'))};
     const moves = (name) => name === undefined || (${JSON.stringify(only ?? null)}?.includes(name) ?? true);
     export default {
       ...crm,
       entities: crm.entities.filter((entity) => moves(entity.name)).map((entity) => (${change})),
       controls: crm.controls.filter(({ source, target }) => moves(source?.of) && moves(target?.of)),
     };\n`,
  );
  return file;
}

/**
 * @param of.size about how many rows the legacy CRM holds
 * @param of.wires what stands between the workers and both systems
 * @param of.only the CRM's entities that move, for tests that ask nothing of the others; absent: all
 * @param of.variant how the CRM's entities differ from those of its own blueprint: JavaScript over `entity`
 */
export async function makeLanding(of: {
  only?: readonly string[];
  variant?: string;
  temporal: string;
  size: number;
  largeAttachments?: number;
  options?: Partial<RunOptions>;
  wires?: { legacy: Wire; cloud: Wire };
  settlingMs?: number;
  /** How long a request may take before its client gives it up. */
  requestMs?: number;
  /** What the cloud CRM takes before it says that it is too much. */
  limits?: Partial<Limits>;
}): Promise<Landing> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-e2e-'));
  const data = join(tmpdir(), `landfall-e2e-pg-${randomBytes(6).toString('hex')}`);
  await mkdir(data, { recursive: true });
  const postgres = await startPostgres({ dataDir: data, durable: false });
  await postgres.createDatabase('legacy_crm');
  await postgres.createDatabase('cloud_crm');
  const facts = await createLegacyCrm({
    url: postgres.url('legacy_crm'),
    seed: 7,
    size: of.size,
    largeAttachments: of.largeAttachments ?? 0,
  });
  const cloud = await startCloudCrm({
    databaseUrl: postgres.url('cloud_crm'),
    limits: { requestsPerWindow: 1_000_000, ...of.limits },
    ...(of.wires ? { origin: `http://127.0.0.1:${of.wires.cloud.port}` } : {}),
  });
  of.wires?.cloud.to(cloud.port);
  of.wires?.legacy.to(postgres.port);
  const loaded = await demoConfig(folder, {
    temporal: of.temporal,
    taskQueue: `e2e-${randomBytes(4).toString('hex')}`,
    legacy: { host: '127.0.0.1', port: of.wires?.legacy.port ?? postgres.port },
    cloud,
    requestMs: of.requestMs ?? 1_500,
    // On a busy machine the cloud CRM may be done with a request long after its client has given it up.
    settlingMs: of.settlingMs ?? Math.max(5_000, of.requestMs ?? 0),
    options: {
      retryFirstMs: 200,
      heartbeatTimeoutMs: 3_000,
      progressMs: 500,
      leaseBeatMs: 500,
      limiterGrantMs: 2_000,
      ...of.options,
    },
  });
  const { crm } = loaded.config.migrations;
  if ((of.variant !== undefined || of.only) && crm) {
    crm.blueprint = await varied(folder, of.variant ?? 'entity', of.only);
  }
  const configFile = join(folder, 'landfall.config.mjs');
  await writeFile(configFile, `export default ${JSON.stringify(loaded.config)};\n`);

  const client = <T>(work: (client: Client) => Promise<T>): Promise<T> => withClient(loaded, work);
  return {
    loaded,
    configFile,
    postgres,
    cloud,
    facts,
    legacy: (sql) => query(postgres.url('legacy_crm'), sql),
    target: (sql) => query(postgres.url('cloud_crm'), sql),
    async start({ mode = 'live', run = `crm-${randomBytes(5).toString('hex')}`, migration = 'crm' } = {}) {
      await withSystem(loaded, async (system) => {
        const { plan, problems } = await checkMigration(loaded, system, migration, mode);
        if (!plan) throw new Error(JSON.stringify(problems));
        await client((one) => startRun(loaded, system, one, { plan, run, startedBy: 'emil' }));
      });
      return run;
    },
    status: (run) => client((one) => ask(one, run, status)),
    until: (run, reached) =>
      client(async (one) => {
        for (;;) {
          // Asking each entity as well, as `status` does, would give the worker and the server more to do than the run.
          const now = await ask(one, run, status);
          if (reached(now)) return now;
          if (now.phase === 'aborted') throw new Error(`the run failed: ${JSON.stringify(now.failure)}`);
          await new Promise((next) => setTimeout(next, LookMs));
        }
      }),
    async report(run) {
      const now = await client((one) => readStatus(one, run));
      return withSystem(loaded, async (system) => readReport(await system.staging(run), now.report?.digest ?? ''));
    },
    async sign(run, { person = 'olga', decision = 'signed', about } = {}) {
      const now = await client((one) => readStatus(one, run));
      const named = about ?? now.report?.digest ?? null;
      const key = join(folder, `${person}.key`);
      await client((one) => decide(one, { run, person, key, action: 'sign-off', decision, about: named }));
    },
    async close() {
      await cloud.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** What must be in the target and what must be held back, found by SQL on the source that owes the mapping nothing. */
export async function expectations(landing: Landing): Promise<{ organisationsHeld: number; interactions: number }> {
  const [row] = await landing.legacy<{ held: string }>(`
    SELECT count(*) AS held FROM crm.organisation
    WHERE country = 'Atlantis' OR encode(remark, 'hex') ~ '^(..)*(81|8d|8f|90|9d)'`);
  const [other] = await landing.legacy<{ n: string }>('SELECT count(*) AS n FROM crm.activity');
  return { organisationsHeld: Number(row?.held), interactions: Number(other?.n) };
}

/** The figures by which two runs over the same source are compared. */
export function essence(report: Report): unknown {
  return {
    verdict: report.verdict,
    reasons: report.reasons,
    parts: report.parts.map(({ part, accounting, targetCount, readBack, equal, attachments }) => {
      const { created, updated, unchanged, ...rest } = accounting;
      return {
        part,
        accounting: { ...rest, written: created + updated + unchanged },
        targetCount,
        readBack,
        equal,
        attachments: attachments && {
          moved: attachments.moved,
          bytes: attachments.bytes,
          differing: attachments.differing,
        },
      };
    }),
    figures: report.figures,
  };
}
