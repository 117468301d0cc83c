#!/usr/bin/env node
import { CommanderError } from 'commander';
import type { Shared } from './options.ts';
import { ExitCode } from './print.ts';
import { program } from './program.ts';

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  else {
    const { sayFailure } = await import('./failure.ts');
    sayFailure(error, program.opts<Shared>());
    process.exitCode = ExitCode.failed;
  }
}
