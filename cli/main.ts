#!/usr/bin/env node
import { CommanderError } from 'commander';
import { ExitCode, sayFailure } from './print.ts';
import { program, type Shared } from './program.ts';

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  else {
    sayFailure(error, program.opts<Shared>());
    process.exitCode = ExitCode.failed;
  }
}
