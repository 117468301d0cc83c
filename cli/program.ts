import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { DecisionAction } from '../activities/contract.ts';
import { readFailure } from '../activities/failures.ts';
import { readReport, readReportPage } from '../activities/reports.ts';
import { LandfallError } from '../model/errors.ts';
import type { RunStatus } from '../model/run.ts';
import { currentBuild, promote } from '../worker/builds.ts';
import { registerSearchAttributes } from '../worker/search-attributes.ts';
import { queuesOf, startWorker } from '../worker/worker.ts';
import { status } from '../workflows/messages.ts';
import { ask } from './ask.ts';
import { loadConfig, type LoadedConfig } from './config.ts';
import { addCustody } from './custody.ts';
import { addInit } from './init/command.ts';
import { makeKeyPair } from './people.ts';
import { bold, decisionLines, dim, ExitCode, green, problemText, red, say, sayJson } from './print.ts';
import { ProgressView, readStatus } from './progress.ts';
import { withRetrying } from './retrying.ts';
import { readCorrectionsFile, rejectsCsv } from './rejects.ts';
import {
  checkMigration,
  decide,
  heldRows,
  requireAlone,
  requireEngineer,
  stageComment,
  stageCorrections,
  startRun,
  version,
  withClient,
  withSystem,
} from './runs.ts';

/** What every command takes. */
export interface Shared {
  config?: string;
  json?: boolean;
  trace?: boolean;
}

interface Deciding extends Shared {
  as: string;
  key?: string;
  comment?: string;
}

/** The `landfall` command with all of its parts; `main.ts` runs it. */
export const program = new Command('landfall')
  .description('Moves business systems into cloud platforms on Temporal, and proves that they arrived whole.')
  .version(version, '-V, --version')
  .option('-c, --config <file>', 'the configuration file (default: landfall.config.ts here)')
  .option('--json', 'print JSON')
  .option('--trace', 'print where an error comes from')
  .exitOverride()
  .configureHelp({ sortSubcommands: false, showGlobalOptions: true })
  .addHelpText(
    'after',
    '\nExit codes: 0 done; 1 failed; 2 wrong use; 3 `check` found errors; 4 the report is not «whole».',
  );

const shared = (): Shared => program.opts<Shared>();
const load = (): Promise<LoadedConfig> => loadConfig(shared().config);

addInit(program);

program
  .command('check')
  .argument('[migration]', 'default: every migration of the configuration')
  .description('test connections, rights, shapes and the blueprint, and print every problem at once')
  .action(async (name: string | undefined) => {
    const loaded = await load();
    const names = name === undefined ? Object.keys(loaded.config.migrations) : [name];
    let errors = 0;
    await withSystem(loaded, async (system) => {
      for (const one of names) {
        const { problems, plan } = await checkMigration(loaded, system, one, 'rehearsal');
        errors += problems.filter((problem) => problem.severity === 'error').length;
        if (shared().json) sayJson({ migration: one, ready: plan !== null, problems });
        else {
          for (const line of decisionLines(problems)) say(line);
          for (const problem of problems) if (problem.code !== 'blueprint.undecided') say(problemText(problem));
          say(plan ? `${green('ready')} ${bold(one)}: ${plan.order.join(', ')}` : `${red('not ready')} ${bold(one)}`);
        }
      }
    });
    if (errors > 0) process.exitCode = ExitCode.problems;
  });

program
  .command('run')
  .argument('<migration>')
  .description('check, freeze the plan, and start a run')
  .requiredOption('--as <person>', 'who starts it: an engineer of the migration')
  .option('--live', 'move for real; without it the run is a rehearsal')
  .option('--id <run>', 'the run’s name')
  .option('--watch', 'draw progress until the run waits or ends')
  .action(async (name: string, options: { as: string; live?: boolean; id?: string; watch?: boolean }) => {
    const loaded = await load();
    const mode = options.live ? 'live' : 'rehearsal';
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
    const run = options.id ?? `${name}-${mode}-${stamp}`;
    await withSystem(loaded, async (system) => {
      const { plan, problems } = await checkMigration(loaded, system, name, mode);
      for (const problem of problems) process.stderr.write(`${problemText(problem)}\n`);
      if (!plan) {
        process.exitCode = ExitCode.problems;
        return;
      }
      requireEngineer(plan, options.as);
      await withClient(loaded, async (client) => {
        await registerSearchAttributes(client.connection, loaded.config.temporal.namespace);
        await requireAlone(loaded, client, plan);
        const digest = await startRun(loaded, system, client, { plan, run, startedBy: options.as });
        if (shared().json) sayJson({ run, plan: digest });
        else say(`Started ${bold(run)} under plan ${digest.slice(0, 16)}.`);
        if (options.watch) await watch(loaded, run);
      });
    });
  });

/** Draws a run until it waits for somebody or ends. */
async function watch(loaded: LoadedConfig, run: string): Promise<RunStatus> {
  const view = new ProgressView();
  return withClient(loaded, async (client) => {
    for (;;) {
      const now = await withRetrying(client, await readStatus(client, run));
      view.draw(now);
      if (now.waiting !== null || now.phase === 'done' || now.phase === 'aborted') return now;
      await new Promise((next) => setTimeout(next, 500));
    }
  });
}

function sayStatus(now: RunStatus): void {
  for (const line of new ProgressView().lines(now)) say(line);
  if (now.waiting) say(`Waits for ${now.waiting.on} by ${now.waiting.who.join(' or ')}: ${now.waiting.note}`);
  if (now.report)
    say(
      `Report ${now.report.digest.slice(0, 16)}: ${now.report.verdict}${now.signed ? `, ${now.signed.decision} by ${now.signed.by}` : ''}`,
    );
  for (const one of now.replays) {
    say(`Replay ${one.corrections?.slice(0, 16) ?? 'without corrections'} by ${one.by}: ${one.outcome}`);
    if (one.failure) say(problemText({ where: {}, ...one.failure, severity: 'error' }));
  }
  if (now.failure) {
    say(problemText({ where: {}, ...now.failure, severity: 'error' }));
    if (now.failure.details !== null) say(dim(`  details are staged under ${now.failure.details}`));
  }
}

program
  .command('status')
  .argument('<run>')
  .description('how far a run is, what it waits for and on whom')
  .option('--watch', 'draw progress until the run waits or ends')
  .option('--failure', 'show what is staged about the failure; it may hold values of rows')
  .action(async (run: string, options: { watch?: boolean; failure?: boolean }) => {
    const loaded = await load();
    const now = options.watch
      ? await watch(loaded, run)
      : await withClient(loaded, async (client) => withRetrying(client, await readStatus(client, run)));
    if (shared().json) sayJson(now);
    else sayStatus(now);
    const id = now.failure?.details;
    if (options.failure && typeof id === 'string') {
      await withSystem(loaded, async (system) => say(await readFailure(await system.staging(run), id)));
    }
    if (now.phase === 'aborted') process.exitCode = ExitCode.failed;
  });

/** The report that a run stands by. */
async function reportDigest(loaded: LoadedConfig, run: string): Promise<string> {
  const now = await withClient(loaded, (client) => ask(client, run, status));
  if (now.report) return now.report.digest;
  throw new LandfallError({
    code: 'report.none',
    kind: 'permanent',
    what: 'The run has no report yet.',
    where: { run, phase: now.phase },
    hint: 'Wait until it has been reconciled: `landfall status RUN --watch`.',
  });
}

program
  .command('report')
  .argument('<run>')
  .description('write the reconciliation report as a page for a browser')
  .option('-o, --output <file>', 'where to', 'report.html')
  .action(async (run: string, options: { output: string }) => {
    const loaded = await load();
    const digest = await reportDigest(loaded, run);
    await withSystem(loaded, async (system) => {
      const staging = await system.staging(run);
      const report = await readReport(staging, digest);
      if (shared().json) sayJson({ digest, report });
      else {
        await writeFile(options.output, await readReportPage(staging, digest));
        say(`${report.verdict === 'whole' ? green(report.verdict) : red(report.verdict)} ${resolve(options.output)}`);
      }
      if (report.verdict !== 'whole') process.exitCode = ExitCode.differs;
    });
  });

program
  .command('rejects')
  .argument('<run>')
  .description('write the rows that are held back as CSV')
  .option('-o, --output <file>', 'where to', 'rejects.csv')
  .option('--reveal', 'show personal and restricted values')
  .action(async (run: string, options: { output: string; reveal?: boolean }) => {
    const rejects = await heldRows(await load(), run, { reveal: options.reveal ?? false });
    if (shared().json) sayJson(rejects);
    else {
      await writeFile(options.output, rejectsCsv(rejects), { mode: 0o600 });
      say(`${rejects.length} rejects in ${resolve(options.output)}`);
    }
  });

const deciding = (name: string, what: string): Command =>
  program
    .command(name)
    .argument('<run>')
    .description(what)
    .requiredOption('--as <person>', 'who decides')
    .option('--key <file>', 'the person’s private key (default: LANDFALL_KEY)')
    .option('--comment <text>', 'kept with the evidence');

async function sendDecision(
  run: string,
  options: Deciding,
  of: { action: DecisionAction; decision: string; about: string | null },
): Promise<void> {
  const loaded = await load();
  const { as: person, key } = options;
  const comment = options.comment === undefined ? undefined : await stageComment(loaded, run, options.comment);
  const outcome = await withClient(loaded, (client) => decide(client, { run, person, key, comment, ...of }));
  if (shared().json) sayJson(outcome);
  else say(`${of.action}: ${outcome.decision} by ${outcome.person}, evidence record ${outcome.record}.`);
}

deciding('sign-off', 'sign the report of a run, or refuse to')
  .requiredOption('--report <digest>', 'the report’s digest, or its beginning')
  .option('--refuse', 'refuse instead of signing')
  .action(async (run: string, options: Deciding & { report: string; refuse?: boolean }) => {
    const digest = await reportDigest(await load(), run);
    if (options.report.length < 12 || !digest.startsWith(options.report)) {
      throw new LandfallError({
        code: 'decision.digest',
        kind: 'permanent',
        what: 'The digest is not that of the report that stands.',
        where: { run },
        hint: `Read the report again; its digest begins with ${digest.slice(0, 16)}.`,
      });
    }
    await sendDecision(run, options, {
      action: 'sign-off',
      decision: options.refuse ? 'refused' : 'signed',
      about: digest,
    });
  });
deciding('gate', 'decide at the quality gate')
  .requiredOption('--decision <decision>', 'load or stop')
  .action((run: string, options: Deciding & { decision: string }) =>
    sendDecision(run, options, { action: 'quality-gate', decision: options.decision, about: null }),
  );
for (const [action, what] of [
  ['pause', 'start no further chunk; those in work end'],
  ['resume', 'go on after a pause'],
  ['abort', 'end a run; what is staged and written stays'],
] as const) {
  deciding(action, what).action((run: string, options: Deciding) =>
    sendDecision(run, options, { action, decision: action, about: null }),
  );
}

deciding('replay', 'take rows that are held back through the steps again, while the run waits')
  .option('--corrections <file>', 'the file of `landfall rejects` with `column` and `corrected` filled in')
  .action(async (run: string, options: Deciding & { corrections?: string }) => {
    let about: string | null = null;
    if (options.corrections !== undefined) {
      const corrections = await readCorrectionsFile(options.corrections, options.comment ?? '');
      const staged = await stageCorrections(await load(), run, corrections);
      for (const problem of staged.problems) process.stderr.write(`${problemText(problem)}\n`);
      if (staged.digest === null) {
        process.exitCode = ExitCode.problems;
        return;
      }
      about = staged.digest;
    }
    await sendDecision(run, options, { action: 'replay', decision: 'replay', about });
  });

program
  .command('keys')
  .argument('<person>')
  .description('make a key pair: PERSON.key stays with the person, PERSON.pub goes into the configuration')
  .action(async (person: string) => {
    const pair = makeKeyPair();
    await writeFile(`${person}.key`, pair.privateKey, { mode: 0o600, flag: 'wx' });
    await writeFile(`${person}.pub`, pair.publicKey, { flag: 'wx' });
    say(`${resolve(`${person}.key`)} (keep it to yourself), ${resolve(`${person}.pub`)}`);
  });

/** Workers of a build that was not promoted wait without a word: so it is said. */
async function sayBuild(loaded: LoadedConfig, build: string): Promise<void> {
  const current = await withClient(loaded, (client) => currentBuild(client, loaded.config));
  if (current === build) say(`Build ${build}: new runs come here.`);
  else
    say(
      `Build ${build} waits: new runs go to ${current ?? 'workers without a build'} until \`landfall promote ${build}\`.`,
    );
}

program
  .command('promote')
  .argument('<build>', 'as given to `landfall worker --build`')
  .description('let runs be worked on by the workers of this build, also those that are under way')
  .action(async (build: string) => {
    const loaded = await load();
    const before = await withClient(loaded, (client) => promote(client, loaded.config, build));
    if (shared().json) return sayJson({ build, before });
    say(`Runs go to build ${build} now.`);
    if (before !== null && before !== build) {
      say(`Workers of ${before} are still needed for what they have begun: stop them when Temporal calls it drained.`);
    }
  });

program
  .command('worker')
  .description('work on runs until told to stop (SIGINT, SIGTERM)')
  .option('--only <part...>', 'serve only these: core, source/CONNECTION, target/CONNECTION')
  .option('--build <id>', 'the name of what was built: runs go to a build only when it is promoted')
  .action(async ({ only, build }: { only?: string[]; build?: string }) => {
    const loaded = await load();
    const worker = await startWorker(loaded.config, loaded.folder, { log: say, only, build });
    const parts = queuesOf(loaded.config, only).join(', ');
    if (build !== undefined) await sayBuild(loaded, build);
    say(
      `Working on ${loaded.config.temporal.taskQueue} (${parts}) at ${loaded.config.temporal.address}. Ctrl-C stops.`,
    );
    let told = false;
    const stop = (): void => {
      if (told) return;
      told = true;
      say('Stopping: steps in work get time to end; what does not end is done again.');
      void worker.stop();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    await worker.done;
  });

addCustody({ program, load, json: () => shared().json ?? false });

const dev = program.command('dev').description('systems to practise on');
dev
  .command('demo')
  .description('bring up a legacy CRM, a cloud CRM, Temporal and a worker, and move the one into the other')
  .option('--yes', 'sign the report as the demo’s owner')
  .option('--exit', 'end when done instead of leaving everything up')
  .option('--fresh', 'begin anew instead of going on with an unfinished run')
  .option('--size <rows>', 'about how many rows', '120000')
  .action(async (options: { yes?: boolean; exit?: boolean; fresh?: boolean; size: string }) => {
    const { runDemo } = await import('./dev/demo.ts');
    await runDemo({ ...options, size: Number(options.size) });
  });
