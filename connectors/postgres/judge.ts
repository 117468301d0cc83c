import { DatabaseError } from 'pg';
import type { Layout } from './compose.ts';

/** A row whose fate the target's answer leaves out: a trigger skipped it, changed its key, or it is not there. */
export class Unanswered extends Error {
  readonly legacyKey: string;
  readonly collection: string;

  constructor(layout: Layout, legacyKey: string) {
    super('The target left the row out without saying why: a trigger may skip it, or it is not there.');
    this.legacyKey = legacyKey;
    this.collection = layout.collection.collection;
  }
}

/**
 * Classes of SQLSTATE that are about the statement, the server or the moment and never about one row (PostgreSQL manual,
 * appendix A). All others, which triggers may invent, are about what was sent.
 */
const notRows = new Set(['08', '0A', '25', '28', '3D', '3F', '40', '42', '53', '55', '57', '58', 'F0']);

/** Whether the target refused a row rather than the work as a whole. */
export function isAboutRow(error: unknown): boolean {
  if (error instanceof Unanswered) return true;
  if (!(error instanceof DatabaseError) || error.severity !== 'ERROR') return false;
  // A policy's refusal of a row bears the same code as a missing right.
  if (error.routine === 'ExecWithCheckOptions') return true;
  return !notRows.has((error.code ?? '').slice(0, 2));
}

/** What the target said of a row that it refused. Its words may hold values. */
export function said(error: unknown, layout: Layout | null): { code: string; message: string; field?: string } {
  if (error instanceof Unanswered) return { code: 'not-written', message: error.message };
  if (!(error instanceof DatabaseError)) return { code: 'refused', message: String(error) };
  const { code = 'refused', message, detail, column, constraint } = error;
  const columns = layout?.table.constraints.find((one) => one.name === constraint)?.columns ?? [];
  const field = column ?? (columns.length === 1 ? columns[0] : undefined);
  return {
    code,
    message: detail === undefined ? message : `${message}: ${detail}`,
    ...(field === undefined ? {} : { field }),
  };
}

export type Next =
  /** Nothing was written; the same may succeed in a while. */
  | { kind: 'again'; waitMs: number; throttled: boolean }
  /** Nothing was written; smaller transactions may succeed, of so many documents and more. */
  | { kind: 'split'; least: number }
  | { kind: 'over' };

const busyMs = 1_000;
/** Where time ran out over so few documents, they were not too many: something holds them up. */
const FewDocuments = 500;

/** What can be done about a transaction that failed as a whole, and wrote nothing. */
export function next(error: unknown): Next {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // Too many connections, or a limit of the account: PostgreSQL does not say how long to wait.
  if (code === 'target.busy' || code.startsWith('53')) return { kind: 'again', waitMs: busyMs, throttled: true };
  if (code === '57014' || code === 'target.deadline') return { kind: 'split', least: FewDocuments };
  if (isAboutRow(error)) return { kind: 'split', least: 1 };
  if (code.startsWith('40') || code === '55P03') return { kind: 'again', waitMs: 50, throttled: false };
  const transient = error instanceof Error && 'kind' in error && error.kind === 'transient';
  return transient ? { kind: 'again', waitMs: 100, throttled: false } : { kind: 'over' };
}
