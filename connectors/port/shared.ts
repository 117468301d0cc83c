import type { LandfallError, Problem } from '../../model/errors.ts';

/** A reachable system, in words for `landfall check`. */
export interface Ping {
  product: string;
  version: string;
  /** The clock of the other side, ISO 8601 in UTC, where it tells. */
  serverTime?: string;
}

export interface Pingable {
  /** @throws LandfallError saying which of name, port, certificate, database or password is wrong */
  ping(): Promise<Ping>;
}

export interface PrivilegeCheck {
  /** Every right that is missing, and every right that is more than the work needs (as warnings). */
  checkPrivileges(objects: readonly string[]): Promise<Problem[]>;
}

export interface Closable {
  close(): Promise<void>;
}

/** How DuckDB itself can read rows of a system: fast, typed, and without passing through JavaScript. */
export interface DuckRead {
  via: 'duckdb';
  extension: 'postgres_scanner' | 'mysql_scanner';
  /** Statements to run first, on the same connection. They may hold secrets: never logged, never in an error. */
  setup: readonly string[];
  /** A SELECT that gives exactly the columns that were asked for, in their staged types. */
  select: string;
  /** Statements to run afterwards. */
  teardown: readonly string[];
  /** Says of DuckDB's words for a failure whether it was the connection; null: it was something else. */
  brokenOff(message: string): LandfallError | null;
}

/** What other processes need to read within a lease's snapshot. Staged, not put into workflow history. */
export interface LeaseRef {
  /** For the connector alone: for PostgreSQL the name of the exported snapshot. */
  token: string;
  /** The source's position, printed in manifests and bound by sign-offs. */
  position: string;
}

/** What a figure is computed over, in the words of one side's own columns. */
export interface FigureRequest {
  object: string;
  where?: string;
  /** Only rows in which this property or column has a value. */
  having?: string;
  /** Label to SQL expression (sources) or property name (targets). */
  by: Record<string, string>;
  measure: { kind: 'count' } | { kind: 'countDistinct'; of: string } | { kind: 'sum'; of: string; scale: number };
}

/** One line of a figure: the group's labels as text, and the exact value as text. */
export interface FigureRow {
  group: Record<string, string | null>;
  value: string;
}

export type FigureAnswer =
  | { kind: 'rows'; rows: FigureRow[]; asAt: string }
  /** The system cannot compute this within its documented limits; the reason is printed, and the read-back is used. */
  | { kind: 'unsupported'; reason: string };

export interface Figures {
  figures(request: FigureRequest, lease?: LeaseRef): Promise<FigureAnswer>;
}

/** What a column or property holds, whatever its system calls the type: what a new project's mapping is proposed from. */
export type Holds =
  /** `max` in characters; null: as many as one likes. */
  | { kind: 'text'; max: number | null }
  /** One of these texts. */
  | { kind: 'enum'; values: string[] }
  /** Null: no bounds are declared. */
  | { kind: 'decimal'; precision: number | null; scale: number | null }
  /** At most 32 bits. */
  | { kind: 'integer'; bits: 8 | 16 | 32 }
  | { kind: 'bigint' }
  | { kind: 'boolean' }
  | { kind: 'date' }
  /** `digits` of a second that are kept, where that is known. */
  | { kind: 'instant'; digits?: number }
  /** Date and time of day on a clock whose zone is not said. */
  | { kind: 'localTime'; digits?: number }
  | { kind: 'uuid' }
  | { kind: 'float' }
  | { kind: 'bytes' }
  /** Anything else (`json`, `interval`, a list, …): the system's own text of it. */
  | { kind: 'other' };
