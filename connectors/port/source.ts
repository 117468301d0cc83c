import type { LandfallError } from '../../model/errors.ts';
import type { Closable, DuckRead, Figures, Holds, LeaseRef, Pingable, PrivilegeCheck } from './shared.ts';

/** A column as the source has it and as staging will hold it. */
export interface ColumnDescription {
  name: string;
  /** The source's own type, as its catalogue prints it. */
  nativeType: string;
  /** The DuckDB type in staged files. */
  stagedType: string;
  nullable: boolean;
  /** Why the staged type is text although the native one is not (`numeric` without precision, …). */
  castReason?: string;
  /** Bytes that belong in attachments rather than in a chunk. */
  large?: boolean;
}

export interface TableDescription {
  object: string;
  columns: ColumnDescription[];
  /** Unique keys, the primary one first. */
  uniqueKeys: string[][];
  /** The catalogue's estimate. */
  estimatedRows: number;
  /** Changes when columns, types or keys change. */
  fingerprint: string;
}

export interface Describe {
  /** @throws LandfallError `source.missing-table` with the nearest names */
  describe(objects: readonly string[]): Promise<TableDescription[]>;
}

/** A column as the source's catalogue declares it. */
export interface CatalogueColumn {
  name: string;
  /** The source's own type, as its catalogue prints it. */
  nativeType: string;
  holds: Holds;
  nullable: boolean;
  /** The source computes it from other columns. */
  generated: boolean;
  comment: string | null;
}

/** A declared foreign key. `at` are the columns that it points at, in the order of `columns`. */
export interface CatalogueReference {
  columns: string[];
  object: string;
  at: string[];
}

/** A table as the source's catalogue declares it. */
export interface CatalogueTable {
  /** The name that a blueprint calls it by. */
  object: string;
  schema: string;
  table: string;
  comment: string | null;
  /** The columns of the primary key, in its order; none when none is declared. */
  key: string[];
  columns: CatalogueColumn[];
  references: CatalogueReference[];
  /** The catalogue's estimate. */
  estimatedRows: number;
  /** How many tables lie under it, whose rows are read with it: partitions, or children that inherit. */
  children: number;
}

export interface ListObjects {
  /** Every table that the user can see, without the system's own and without partitions of another. */
  listObjects(): Promise<CatalogueTable[]>;
}

export interface SnapshotLease extends LeaseRef {
  /** Resolves when the snapshot is gone, for whatever reason; never rejects. */
  readonly lost: Promise<LandfallError>;
  release(): Promise<void>;
}

export interface ConsistencyLease {
  openLease(): Promise<SnapshotLease>;
  /** Whether the snapshot of this reference can still be read. */
  isAlive(lease: LeaseRef): Promise<boolean>;
}

/** The rows of one chunk: those whose key is at or after `from` and before `to`; both as the connector wrote them. */
export interface ChunkBounds {
  number: number;
  /** One value a key column, as text; null is open-ended. */
  from: string[] | null;
  to: string[] | null;
}

/** What to read: a table, its key, and the columns that go into staging. */
export interface ReadRequest {
  object: string;
  key: readonly string[];
  columns: readonly ColumnDescription[];
  where?: string;
}

export interface PlanChunks {
  /**
   * Cuts a table into chunks of about `rows` rows by walking its key, so that gaps and skew do not matter. The chunks
   * cover the whole key range: the first is open at its start, the last at its end.
   *
   * @throws LandfallError `source.duplicate-key` or `source.null-key` when the key is not one
   */
  planChunks(request: ReadRequest, rows: number, lease?: LeaseRef): AsyncIterable<ChunkBounds>;
}

/** Rows for sources that DuckDB cannot read. Values are JSON-safe: exact numbers as text. */
export interface RowRead {
  via: 'rows';
  batches: AsyncIterable<Record<string, string | number | boolean | null>[]>;
}

export interface ReadChunk {
  readChunk(request: ReadRequest, bounds: ChunkBounds, lease?: LeaseRef): Promise<DuckRead | RowRead>;
  /** What the source itself says the chunk holds, in the same snapshot: the proof that none was lost on the way. */
  countChunk(request: ReadRequest, bounds: ChunkBounds, lease?: LeaseRef): Promise<number>;
  /**
   * Proves, once something was read in a lease's snapshot, that the snapshot showed the table as it was. Some systems do
   * not keep what a table held when it is emptied or rewritten: readers of an older snapshot then find it empty.
   *
   * @throws LandfallError `source.rewritten`
   */
  proveShown?(object: string, lease: LeaseRef): Promise<void>;
  /**
   * Whether a chunk read at `since` would read the same now, proven by the source. A false answer only means reading
   * it again.
   */
  stillStands?(
    request: ReadRequest,
    bounds: ChunkBounds,
    since: { position: string; rows: number },
    lease: LeaseRef,
  ): Promise<boolean>;
}

export interface ReadAttachments {
  /** The bytes of one row's large column, as a stream that holds at most a few MiB. Null when the column is NULL. */
  openAttachment(
    request: { object: string; key: readonly string[]; column: string },
    keyValues: readonly string[],
    lease?: LeaseRef,
  ): Promise<AsyncIterable<Uint8Array> | null>;
}

export interface Position {
  /** Where the source is now, in the words of a lease's position: what is read while writes are refused is as of here. */
  position(): Promise<string>;
}

export interface Freeze {
  /**
   * Makes the objects refuse writes. Idempotent.
   *
   * @throws LandfallError `source.freeze-blocked` when work in flight does not end in time
   */
  freeze(objects: readonly string[]): Promise<void>;
  unfreeze(objects: readonly string[]): Promise<void>;
  /** Proven by trying, not by reading a flag. */
  isFrozen(objects: readonly string[]): Promise<boolean>;
}

export interface Fingerprint {
  /** A short text that changes when a table's structure does. */
  fingerprint(objects: readonly string[]): Promise<Record<string, string>>;
}

export type SourceCapabilities = Pingable &
  Closable &
  Describe &
  PlanChunks &
  ReadChunk &
  Partial<
    ListObjects & PrivilegeCheck & ConsistencyLease & ReadAttachments & Figures & Position & Freeze & Fingerprint
  >;

export interface Source extends SourceCapabilities {
  readonly role: 'source';
  readonly kind: string;
}
