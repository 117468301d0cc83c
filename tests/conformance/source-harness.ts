import type { ChunkBounds, LeaseRef, ReadRequest, Source } from '../../connectors/port.ts';

/** What may be wrong with how a connection is configured. */
export type SourceMistake = 'host' | 'port' | 'database' | 'user' | 'password';

/** Kinds of columns that every system with tables has, under whatever name. */
export type ColumnKind = 'integer' | 'text' | 'uuid' | 'decimal' | 'bytes';

export type Value = string | number | Uint8Array | null;

/** A table as the suite wants it. `decimal` holds 20 digits before and 10 after the point. */
export interface TableSpec {
  name: string;
  columns: Record<string, ColumnKind>;
  /** Columns of a declared primary key; absent: none is declared. */
  key?: readonly string[];
  rows: readonly (readonly Value[])[];
}

/** A running system, with the means to make tables in it and to change them behind the connector's back. */
export interface SourceHarness {
  open(mistake?: SourceMistake): Promise<Source>;
  /** The name under which a blueprint would name the table. */
  create(table: TableSpec): Promise<string>;
  insert(table: TableSpec, rows: readonly (readonly Value[])[]): Promise<void>;
  update(table: TableSpec, key: Value, set: Record<string, Value>): Promise<void>;
  remove(table: TableSpec, key: Value): Promise<void>;
  /** Ends, from outside, whatever holds snapshots open. */
  endLeases(): Promise<void>;
  /** Reads a chunk the way an extract does. Every value as text, as it is staged. */
  read(
    source: Source,
    request: ReadRequest,
    bounds: ChunkBounds,
    lease?: LeaseRef,
  ): Promise<Record<string, string | null>[]>;
  /** A name that has to be quoted in this system. */
  awkward: string;
  /** Texts that no error may hold. */
  secrets: string[];
  stop(): Promise<void>;
}
