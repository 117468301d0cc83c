import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import type { Where } from '../model/errors.ts';
import type { RunFailure } from '../model/run.ts';

/** Ended by a person. What is staged and what is in the target stays as it is. */
export const Aborted = 'aborted';

/** A failure that no retry mends, in three parts. */
export function permanent(code: string, what: string, hint: string, staged: string | null = null): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'permanent',
    message: `${code}: ${what}`,
    details: [{ code, what, hint, staged }],
    nonRetryable: true,
  });
}

export function defect(code: string, what: string): ApplicationFailure {
  return permanent(code, what, 'This is a defect in Landfall: please report it.');
}

/** What went wrong in the first place, in whichever step of whichever child. */
function innermost(error: unknown): unknown {
  let cause: unknown = error;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause)
    cause = cause.cause;
  return cause;
}

/** The place that a failing step named. */
function whereIn(told: unknown): Where | undefined {
  if (typeof told !== 'object' || told === null) return undefined;
  const named = Object.entries(told).flatMap(([name, place]: [string, unknown]) =>
    typeof place === 'string' || typeof place === 'number' ? [[name, place] as const] : [],
  );
  return named.length === 0 ? undefined : Object.fromEntries(named);
}

/** What a failure tells operators: the code, the place and the remedy that the failing step gave. */
export function failureOf(error: unknown): RunFailure {
  const cause = innermost(error);
  const details =
    cause instanceof ApplicationFailure ? (cause.details?.[0] as Record<string, unknown> | undefined) : undefined;
  const text = (name: string): string => (typeof details?.[name] === 'string' ? details[name] : '');
  const where = whereIn(details?.['where']);
  return {
    ...(where ? { where } : {}),
    code: text('code') || 'unexpected',
    what: text('what') || (cause instanceof Error ? cause.message : String(cause)),
    hint: text('hint'),
    details: text('staged') || null,
  };
}

/** Whether a step, or a chunk of an entity's, was refused for good, rather than cancelled or broken off. */
export function isRefusal(error: unknown): boolean {
  const cause = innermost(error);
  return cause instanceof ApplicationFailure && cause.type === 'permanent';
}

/** Whether a step failed because the source's snapshot is gone. */
export function isLostLease(error: unknown): boolean {
  return (
    error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === 'lease.lost'
  );
}
