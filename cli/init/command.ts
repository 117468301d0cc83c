import { relative } from 'node:path';
import type { Command } from 'commander';
import { bold, dim, say, sayJson } from '../print.ts';
import type { InitFlags } from './answers.ts';
import { terminalAsker } from './asker.ts';
import { init, type Made } from './init.ts';

function sayMade(made: Made): void {
  const { entities, waiting, controls } = made.proposal;
  const where = relative(process.cwd(), made.folder) || '.';
  const left = waiting.length === 0 ? '' : `, ${waiting.length} more to place`;
  say(`${bold(made.proposal.name)}: ${entities.length} entities, ${controls.length} controls${left}, in ${where}`);
  say();
  const next: Made['next'] = where === '.' ? made.next : [[`cd ${where}`, ''], ...made.next];
  const width = Math.min(40, Math.max(...next.map(([command]) => command.length)));
  for (const [command, why] of next) say(`  ${command.padEnd(width)}  ${dim(why)}`.trimEnd());
  say();
  say('`landfall check` lists what is left to decide; README.md has these commands too.');
}

/** Adds `landfall init` to the command. */
export function addInit(program: Command): void {
  program
    .command('init')
    .argument('[folder]', 'where to', '.')
    .description('make a project: a first blueprint from what source and target declare, worth editing')
    .option('--source <address>', 'the legacy system: postgres://user@host:5432/database')
    .option('--password-env <name>', 'the environment variable that holds its password')
    .option('--schema <name...>', 'the schemas to move; default: the only one that has tables')
    .option('--target <address>', 'the cloud platform, with the client or user in front of @; or none')
    .option('--target-secret-env <name>', 'the environment variable that holds its secret')
    .option('--target-token-url <address>', 'where the client gets its tokens (OAuth 2.0)')
    .option('--name <name>', 'what the migration is called; default: after the database')
    .option('--time-zone <zone>', 'the clock of times without a zone: Europe/Zurich')
    .option('--engineer <name>', 'who starts runs; default: after this machine’s user')
    .option('--owner <name>', 'who signs them: somebody else')
    .addHelpText('after', '\nAt a terminal it asks for what is not given. Secrets are named, never given.')
    .action(async (folder: string, flags: InitFlags) => {
      const json = program.opts<{ json?: boolean }>().json ?? false;
      const asker = terminalAsker({ json });
      try {
        const made = await init(folder, flags, asker, json ? () => {} : (line) => say(dim(line)));
        if (json) sayJson({ folder: made.folder, files: made.files, next: made.next.map(([command]) => command) });
        else sayMade(made);
      } finally {
        asker?.close();
      }
    });
}
