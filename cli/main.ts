#!/usr/bin/env node
import { CommanderError } from 'commander';
import type { Shared } from './options.ts';
import { ExitCode, sayProblems } from './print.ts';
import { program } from './program.ts';

/** What was typed wrong, told like everything that goes wrong. */
function sayMisuse({ message }: CommanderError): void {
  const command = program.commands.find((one) => process.argv.slice(2).includes(one.name()));
  const what = message.replace(/^error: /, '').replace('\n', ' ');
  const hint = `\`landfall ${command ? `${command.name()} ` : ''}--help\` says how it is used.`;
  const problem = { code: 'usage', what, where: {}, hint, severity: 'error' } as const;
  sayProblems([problem], { json: process.argv.includes('--json') });
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    if (error.exitCode !== 0 && error.code !== 'commander.help') sayMisuse(error);
  } else {
    const { sayFailure } = await import('./failure.ts');
    sayFailure(error, program.opts<Shared>());
    process.exitCode = ExitCode.failed;
  }
}
