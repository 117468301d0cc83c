import { Argument, Command, Option } from 'commander';
import type { InitFlags } from './init/answers.ts';
import type { Deciding, Shared } from './options.ts';
import { version } from './version.ts';

/*
 * What the command understands. What it does is in commands/, one function a command, and is loaded by the command that
 * is asked for alone: nobody waits for DuckDB or Temporal to read a page of help.
 */

/** The `landfall` command with all of its parts; `main.ts` runs it. */
export const program = new Command('landfall')
  .description('Moves business systems into cloud platforms on Temporal, and proves that they arrived whole.')
  .version(version, '-V, --version')
  .option('-c, --config <file>', 'the configuration file (default: landfall.config.ts here)')
  .option('--json', 'print JSON')
  .option('--trace', 'print where an error comes from')
  .exitOverride()
  // main.ts says what is wrong, as it says all that goes wrong.
  .configureOutput({ outputError: () => {} })
  .configureHelp({ sortSubcommands: false, showGlobalOptions: true })
  .addHelpText(
    'after',
    '\nExit codes: 0 done; 1 failed; 2 wrong use; 3 `check` found errors; 4 the report is not «whole»; 130 stopped by Ctrl-C.',
  );

const shared = (): Shared => program.opts<Shared>();

program
  .command('init')
  .argument('[folder]', 'where to', '.')
  .description('make a project: a first blueprint from what source and target declare, worth editing')
  .option('--source <address>', 'the legacy system: postgres://user@host:5432/database')
  .option('--password-env <name>', 'the environment variable that holds its password')
  .option('--schema <name...>', 'the schemas to move; default: the only one that has tables')
  .option(
    '--target <address>',
    'where it goes, https:// or postgres://, with the client or user in front of @; or none',
  )
  .option('--target-secret-env <name>', 'the environment variable that holds its secret')
  .option('--target-token-url <address>', 'where the client gets its tokens (OAuth 2.0)')
  .option('--name <name>', 'what the migration is called; default: after the database')
  .option('--time-zone <zone>', 'the clock of times without a zone: Europe/Zurich')
  .option('--engineer <name>', 'who starts runs; default: after this machine’s user')
  .option('--owner <name>', 'who signs them: somebody else')
  .addHelpText('after', '\nAt a terminal it asks for what is not given. Secrets are named, never given.')
  .action(async (folder: string, flags: InitFlags) =>
    (await import('./commands/init.ts')).init(shared(), folder, flags),
  );

program
  .command('check')
  .argument('[migration]', 'default: every migration of the configuration')
  .description('test connections, rights, shapes and the blueprint, and print every problem at once')
  .action(async (name: string | undefined) => (await import('./commands/check.ts')).check(shared(), name));

program
  .command('run')
  .argument('<migration>')
  .description('check, freeze the plan, and start a run')
  .requiredOption('--as <person>', 'who starts it: an engineer of the migration')
  .option('--live', 'move for real; without it the run is a rehearsal')
  .option('--id <run>', 'the run’s name')
  .option('--watch', 'draw progress until the run waits or ends')
  .action(async (name: string, options: { as: string; live?: boolean; id?: string; watch?: boolean }) =>
    (await import('./commands/run.ts')).run(shared(), name, options),
  );

program
  .command('status')
  .argument('[run]', 'default: lists the runs that there are')
  .description('how far a run is, what it waits for and on whom, and what to do next')
  .option('--watch', 'draw progress until the run waits or ends')
  .option('--failure', 'show what is staged about the failure; it may hold values of rows')
  .action(async (run: string | undefined, options: { watch?: boolean; failure?: boolean }) =>
    run === undefined
      ? (await import('./commands/runs.ts')).runs(shared())
      : (await import('./commands/status.ts')).status(shared(), run, options),
  );

program
  .command('report')
  .argument('<run>')
  .description('write the reconciliation report as a page for a browser')
  .option('-o, --output <file>', 'where to', 'report.html')
  .action(async (run: string, options: { output: string }) =>
    (await import('./commands/report.ts')).report(shared(), run, options),
  );

program
  .command('rejects')
  .argument('<run>')
  .description('write the rows that are held back as CSV')
  .option('-o, --output <file>', 'where to', 'rejects.csv')
  .option('--reveal', 'show personal and restricted values')
  .action(async (run: string, options: { output: string; reveal?: boolean }) =>
    (await import('./commands/rejects.ts')).rejects(shared(), run, options),
  );

const deciding = (name: string, what: string): Command =>
  program
    .command(name)
    .argument('<run>')
    .description(what)
    .requiredOption('--as <person>', 'who decides')
    .option('--key <file>', 'the person’s private key (default: LANDFALL_KEY)')
    .option('--comment <text>', 'kept with the evidence');

deciding('sign-off', 'sign the report of a run, or refuse to')
  .requiredOption('--report <digest>', 'the report’s digest, or its beginning')
  .option('--refuse', 'refuse instead of signing')
  .action(async (run: string, options: Deciding & { report: string; refuse?: boolean }) =>
    (await import('./commands/decide.ts')).signOff(shared(), run, options),
  );

deciding('gate', 'decide at the quality gate')
  .addOption(new Option('--decision <decision>', 'what to do').choices(['load', 'stop']).makeOptionMandatory())
  .action(async (run: string, options: Deciding & { decision: string }) =>
    (await import('./commands/decide.ts')).gate(shared(), run, options),
  );

for (const [action, what] of [
  ['pause', 'start no further chunk; those in work end'],
  ['resume', 'go on after a pause'],
  ['abort', 'end a run; what is staged and written stays'],
] as const) {
  deciding(action, what).action(async (run: string, options: Deciding) =>
    (await import('./commands/decide.ts')).tell(shared(), run, { ...options, action }),
  );
}

deciding('replay', 'take rows that are held back through the steps again, while the run waits')
  .option('--corrections <file>', 'the file of `landfall rejects` with `column` and `corrected` filled in')
  .action(async (run: string, options: Deciding & { corrections?: string }) =>
    (await import('./commands/decide.ts')).replay(shared(), run, options),
  );

program
  .command('keys')
  .argument('<person>')
  .description('make a key pair: PERSON.key stays with the person, PERSON.pub goes into the configuration')
  .action(async (person: string) => (await import('./commands/keys.ts')).keys(shared(), person));

program
  .command('promote')
  .argument('<build>', 'as given to `landfall worker --build`')
  .description('let runs be worked on by the workers of this build, also those that are under way')
  .action(async (build: string) => (await import('./commands/promote.ts')).promote(shared(), build));

program
  .command('worker')
  .description('work on runs until told to stop (SIGINT, SIGTERM)')
  .option('--only <part...>', 'serve only these: core, source/CONNECTION, target/CONNECTION')
  .option('--build <id>', 'the name of what was built: runs go to a build only when it is promoted')
  .action(async (options: { only?: string[]; build?: string }) =>
    (await import('./commands/worker.ts')).worker(shared(), options),
  );

program
  .command('verify')
  .argument('<run>')
  .description('prove a run’s evidence, signatures, signed reports and the staged files that they bind')
  .action(async (run: string) => (await import('./commands/custody.ts')).verify(shared(), run));

program
  .command('dispose')
  .argument('<run>')
  .description('delete the keys of what is restricted in a run that has ended: it can never be read again')
  .requiredOption('--as <person>', 'who decides: an owner of the migration')
  .option('--key <file>', 'the person’s private key (default: LANDFALL_KEY)')
  .action(async (run: string, options: { as: string; key?: string }) =>
    (await import('./commands/custody.ts')).dispose(shared(), run, options),
  );

program
  .command('rekey')
  .description('keep the data keys of every run under the master keys of the configuration (staging.masterKey)')
  .option('--retire', 'then delete the copies under all other master keys')
  .action(async (options: { retire?: boolean }) => (await import('./commands/custody.ts')).rekey(shared(), options));

program
  .command('codec')
  .description('decrypt for the Temporal UI what lies encrypted in histories, until told to stop')
  .option('--port <port>', 'where to listen', '8081')
  .option('--host <host>', 'at which address; others than this machine’s own need temporal.codecAccess', '127.0.0.1')
  .option('--origin <url...>', 'pages that may ask (default: temporal.ui)')
  .action(async (options: { port: string; host: string; origin?: string[] }) =>
    (await import('./commands/codec.ts')).codec(shared(), options),
  );

program
  .command('completion')
  .addArgument(new Argument('<shell>', 'which shell it is for').choices(['bash', 'zsh', 'fish']))
  .description('print a script by which a shell completes this command: its first line says where it goes')
  .action(async (shell: 'bash' | 'zsh' | 'fish') => (await import('./commands/completion.ts')).completion(shell));

program
  .command('completion-at', { hidden: true })
  .argument('[words...]')
  .description('for those scripts: what may stand at the cursor')
  .helpOption(false)
  .allowUnknownOption()
  .action(async (words: string[]) => (await import('./commands/completion.ts')).completionAt(program, shared(), words));

const dev = program.command('dev').description('systems to practise on');
dev
  .command('demo')
  .description('bring up a legacy CRM, a cloud CRM, Temporal and a worker, and move the one into the other')
  .option('--yes', 'sign the report as the demo’s owner')
  .option('--exit', 'end when done instead of leaving everything up')
  .option('--fresh', 'begin anew instead of going on with an unfinished run')
  .option('--size <rows>', 'about how many rows', '120000')
  .action(async (options: { yes?: boolean; exit?: boolean; fresh?: boolean; size: string }) =>
    (await import('./dev/demo.ts')).runDemo({ ...options, size: Number(options.size) }),
  );
