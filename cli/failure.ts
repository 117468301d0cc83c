import { ApplicationFailure } from '@temporalio/common';
import { LandfallError, type Problem } from '../model/errors.ts';
import { sayProblems } from './print.ts';

function failureOf(error: unknown): Problem {
  if (error instanceof LandfallError) {
    return { code: error.code, what: error.what, where: error.where, hint: error.hint, severity: 'error' };
  }
  let cause: unknown = error;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure) && cause.cause !== undefined)
    cause = cause.cause;
  if (cause instanceof ApplicationFailure) {
    const details = cause.details?.[0] as Partial<Problem> | undefined;
    return {
      code: details?.code ?? cause.type ?? 'failed',
      what: details?.what ?? cause.message,
      where: details?.where ?? {},
      hint: details?.hint ?? '',
      severity: 'error',
    };
  }
  if (cause instanceof Error && /workflow (?:execution )?(?:already completed|not found)/i.test(cause.message)) {
    return {
      code: 'run.gone',
      what: 'There is no run of that name at work.',
      where: {},
      hint: 'Look at it with `landfall status`, or list runs in the Temporal UI.',
      severity: 'error',
    };
  }
  return {
    code: 'unexpected',
    what: cause instanceof Error ? cause.message : String(cause),
    where: {},
    hint: 'Run again with --trace to see where it comes from.',
    severity: 'error',
  };
}

/** Prints a failure for a person (or as JSON), without a stack unless asked for. */
export function sayFailure(error: unknown, options: { json?: boolean; trace?: boolean }): void {
  const problem = failureOf(error);
  sayProblems([problem], options);
  if (options.trace && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
}
