import type { Command } from 'commander';
import { auditRun, type Audit } from '../activities/audit.ts';
import { disposeRestricted } from '../activities/disposal.ts';
import { LandfallError } from '../model/errors.ts';
import { runsIn } from '../staging/collect.ts';
import { serveCodec } from '../worker/codec-endpoint.ts';
import { dataConverterOf } from '../worker/payloads.ts';
import { status } from '../workflows/messages.ts';
import { ask } from './ask.ts';
import type { LoadedConfig } from './config.ts';
import { assertDecision } from './people.ts';
import { bold, ExitCode, green, problemText, red, say, sayJson } from './print.ts';
import { withClient, withSystem } from './runs.ts';

/** What a command gets from the program that it is added to. */
export interface Program {
  program: Command;
  load: () => Promise<LoadedConfig>;
  json: () => boolean;
}

function sayAudit(audit: Audit): void {
  say(`${audit.records} records of evidence, ${audit.decisions} of them decisions whose signatures hold.`);
  for (const one of audit.reports)
    say(`Report ${one.digest.slice(0, 16)}: ${one.verdict}, ${one.decision} by ${one.by} at ${one.at}`);
  if (audit.switchedBy !== null) say(`The target was marked live by report ${audit.switchedBy.slice(0, 16)}.`);
  say(`${audit.files} staged files (${Math.ceil(audit.bytes / 1024)} KiB) are what their steps wrote.`);
  if (audit.disposed.length > 0) say(`Disposed of: ${audit.disposed.join(', ')}.`);
  for (const problem of audit.problems) say(problemText(problem));
  say(`${audit.problems.length === 0 ? green('holds') : red('does not hold')} ${bold(audit.run)}`);
}

/** A run that is at work reads what it staged: nothing of it may be disposed of. One that Temporal forgot has ended. */
async function requireEnded(loaded: LoadedConfig, run: string): Promise<void> {
  const now = await withClient(loaded, (client) => ask(client, run, status)).catch((error: unknown) => {
    if (error instanceof LandfallError && (error.code === 'run.unknown' || error.code === 'run.ended')) return null;
    throw error;
  });
  if (now === null || now.phase === 'done' || now.phase === 'aborted') return;
  throw new LandfallError({
    code: 'dispose.run-open',
    kind: 'permanent',
    what: 'The run is open, and its steps read what would be disposed of.',
    where: { run, phase: now.phase },
    hint: `End it first: \`landfall abort ${run}\`, or let it be signed.`,
  });
}

/** Adds the commands about keys, evidence and what is encrypted. */
export function addCustody({ program, load, json }: Program): void {
  program
    .command('verify')
    .argument('<run>')
    .description('prove a run’s evidence, signatures, signed reports and the staged files that they bind')
    .action(async (run: string) => {
      const audit = await withSystem(await load(), async (system) => auditRun(await system.staging(run)));
      if (json()) sayJson(audit);
      else sayAudit(audit);
      if (audit.problems.length > 0) process.exitCode = ExitCode.problems;
    });

  program
    .command('dispose')
    .argument('<run>')
    .description('delete the keys of what is restricted in a run that has ended: it can never be read again')
    .requiredOption('--as <person>', 'who decides: an owner of the migration')
    .option('--key <file>', 'the person’s private key (default: LANDFALL_KEY)')
    .action(async (run: string, options: { as: string; key?: string }) => {
      const loaded = await load();
      await requireEnded(loaded, run);
      const { as: person, key } = options;
      const asked = { run, person, key, action: 'dispose', decision: 'dispose', about: null } as const;
      const { assertion } = await assertDecision(asked);
      const done = await withSystem(loaded, (system) => disposeRestricted(system, { run, assertion }));
      if (json()) sayJson(done);
      else say(`Disposed of ${done.keys.join(', ')}; evidence record ${done.record}.`);
    });

  program
    .command('rekey')
    .description('keep the data keys of every run under the master keys of the configuration (staging.masterKey)')
    .option('--retire', 'then delete the copies under all other master keys')
    .action(async (options: { retire?: boolean }) => {
      const loaded = await load();
      const done = await withSystem(loaded, async (system) => {
        const counts = { runs: 0, keys: 0, retired: 0 };
        for (const run of await runsIn(system.store)) {
          const { keyring } = await system.staging(run);
          counts.keys += await keyring.rewrap();
          if (options.retire) counts.retired += await keyring.retire();
          counts.runs += 1;
        }
        return counts;
      });
      if (json()) sayJson(done);
      else say(`${done.keys} data keys of ${done.runs} runs are kept; ${done.retired} copies were retired.`);
    });

  program
    .command('codec')
    .description('decrypt for the Temporal UI what lies encrypted in histories, until told to stop')
    .option('--port <port>', 'where to listen', '8081')
    .option('--host <host>', 'at which address; others than this machine’s own need temporal.codecAccess', '127.0.0.1')
    .option('--origin <url...>', 'pages that may ask (default: temporal.ui)')
    .action(async (options: { port: string; host: string; origin?: string[] }) => {
      const { config, folder } = await load();
      const [codec] = dataConverterOf(config, folder).payloadCodecs ?? [];
      const pages = options.origin ?? (config.temporal.ui === undefined ? [] : [config.temporal.ui]);
      if (!codec || pages.length === 0) {
        throw new LandfallError({
          code: codec ? 'codec.origin' : 'codec.no-keys',
          kind: 'permanent',
          what: codec ? 'No page is named that may ask.' : 'Nothing is encrypted: there are no payload keys.',
          where: { setting: codec ? 'temporal.ui' : 'temporal.payloadKeys' },
          hint: codec
            ? 'Set it to the Temporal UI’s address, or name pages with --origin.'
            : 'Set it to a list of keys.',
        });
      }
      const endpoint = await serveCodec({
        codec,
        host: options.host,
        port: Number(options.port),
        origins: pages.map((page) => new URL(page).origin),
        access: config.temporal.codecAccess,
      });
      say(`Give the Temporal UI this codec endpoint: ${endpoint.url}. Ctrl-C stops.`);
      const stop = (): void => void endpoint.close();
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
    });
}
