/**
 * What the caller can do about a failure.
 *
 * - `permanent`: trying again changes nothing; a person must act.
 * - `throttled`: the other side asked us to wait; honour `retryAfterMs`.
 * - `transient`: a network or server hiccup; the same call may succeed.
 * - `misconfigured`: this process is not what the work needs (another key, another staging, another version): a process that
 *   is can do it, or this one once a person has mended it.
 * - `unauthorised`: credentials or rights are missing or have expired: the same call may succeed once a person has renewed
 *   them.
 */
export type ErrorKind = 'permanent' | 'throttled' | 'transient' | 'misconfigured' | 'unauthorised';

/** Where a failure happened, in words a person can follow. Never a row's value, never a secret. */
export interface Where {
  file?: string;
  line?: number;
  connection?: string;
  entity?: string;
  field?: string;
  chunk?: number;
  path?: string;
  [place: string]: string | number | undefined;
}

export interface LandfallErrorParts {
  /** A stable, dotted name such as `staging.altered`; documented and safe to match on. */
  code: string;
  kind: ErrorKind;
  /** One sentence: what is wrong. */
  what: string;
  where?: Where;
  /** One sentence: what to do about it. */
  hint: string;
  /** Milliseconds to wait, for `throttled`. */
  retryAfterMs?: number;
  /**
   * Driver messages and keys that help an engineer but may hold personal data. They are staged (encrypted) under an
   * opaque id and never cross Temporal.
   */
  confidential?: string;
  cause?: unknown;
}

/** Every failure that a user can cause or must act on: what is wrong, where, and what to do. */
export class LandfallError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly what: string;
  readonly where: Where;
  readonly hint: string;
  readonly retryAfterMs: number | undefined;
  readonly confidential: string | undefined;

  constructor(parts: LandfallErrorParts) {
    super(`${parts.what} ${parts.hint}`.trim(), parts.cause === undefined ? {} : { cause: parts.cause });
    this.name = 'LandfallError';
    this.code = parts.code;
    this.kind = parts.kind;
    this.what = parts.what;
    this.where = parts.where ?? {};
    this.hint = parts.hint;
    this.retryAfterMs = parts.retryAfterMs;
    this.confidential = parts.confidential;
  }
}

/** One finding of a check that looks for every problem at once. */
export interface Problem {
  code: string;
  what: string;
  where: Where;
  hint: string;
  /** `error` stops a run from starting; `warning` is printed and recorded. */
  severity: 'error' | 'warning';
}

/** Turns a failure into a finding, so that checks can collect instead of stopping at the first. */
export function problemFrom(error: unknown, where: Where = {}): Problem {
  if (error instanceof LandfallError) {
    return {
      code: error.code,
      what: error.what,
      where: { ...where, ...error.where },
      hint: error.hint,
      severity: 'error',
    };
  }
  return {
    code: 'unexpected',
    what: error instanceof Error ? error.message : String(error),
    where,
    hint: 'This is a defect in Landfall: report it with the command that led here.',
    severity: 'error',
  };
}

/** Prints `where` as `entity organisation, field name`. */
export function placeOf(where: Where): string {
  return Object.entries(where)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
