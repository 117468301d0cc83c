import type { z } from 'zod';
import type { LandfallError, Problem } from '../model/errors.ts';
import type { SecretRef } from '../model/names.ts';
import type { FieldShape } from '../model/shape.ts';

/**
 * What Landfall asks of other systems, in small capabilities. A connector implements those it can; the registry and the
 * capability matrix follow from which are there. Connectors throw LandfallErrors and know nothing of Temporal.
 */

// ---------------------------------------------------------------------------------------------- what both sides share

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
  | { kind: 'instant' }
  /** Date and time of day on a clock whose zone is not said. */
  | { kind: 'localTime' }
  | { kind: 'uuid' }
  | { kind: 'float' }
  | { kind: 'bytes' }
  /** Anything else (`json`, `interval`, a list, …): the system's own text of it. */
  | { kind: 'other' };

// ------------------------------------------------------------------------------------------------------------- sources

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

/** What other processes need to read within a lease's snapshot. Staged, not put into workflow history. */
export interface LeaseRef {
  /** For the connector alone: for PostgreSQL the name of the exported snapshot. */
  token: string;
  /** The source's position, printed in manifests and bound by sign-offs. */
  position: string;
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

/** How DuckDB itself can read a chunk: fast, typed, and without passing through JavaScript. */
export interface DuckRead {
  via: 'duckdb';
  extension: 'postgres_scanner' | 'mysql_scanner';
  /** Statements to run first, on the same connection. They may hold secrets: never logged, never in an error. */
  setup: readonly string[];
  /** A SELECT that gives exactly the request's columns, in their staged types. */
  select: string;
  /** Statements to run afterwards. */
  teardown: readonly string[];
  /** Says of DuckDB's words for a failure whether it was the connection; null: it was something else. */
  brokenOff(message: string): LandfallError | null;
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

// ------------------------------------------------------------------------------------------------------------- targets

/** A collection of the target with the properties that a blueprint says it will write. */
export interface TargetCollection {
  collection: string;
  id: string;
  legacyKey: string;
  write: 'upsert' | 'create';
  shape: Record<string, FieldShape>;
}

export interface CheckShape {
  /** Every way in which the target's own metadata disagrees with the shape. */
  checkShape(collection: TargetCollection): Promise<Problem[]>;
  /** Changes when the metadata that a collection depends on changes. */
  fingerprint(collections: readonly string[]): Promise<Record<string, string>>;
}

/** A property of a collection as the target's metadata declares it. */
export interface CollectionProperty {
  name: string;
  holds: Holds;
  /** The target takes no row without a value. */
  required: boolean;
}

/** A collection of the target as its metadata declares it. */
export interface CollectionDescription {
  collection: string;
  /** What one of its rows is called. */
  type: string;
  /** The property that the target keys its rows by. */
  id: string;
  /** Properties that are unique by themselves, and that the target can upsert on. */
  alternateKeys: string[];
  /** What can be written, without `id`. */
  properties: CollectionProperty[];
  /** Fields that point at rows, with the collections that they may point at. */
  references: { field: string; collections: string[] }[];
  /** Properties that take bytes. */
  files: string[];
}

export interface ListCollections {
  listCollections(): Promise<CollectionDescription[]>;
}

/** A reference with the target's key of the row it points at; `targetKey: null` empties it. */
export interface TargetReference {
  field: string;
  collection: string;
  targetKey: string | null;
  /** Instead of a key: the header of the same document. */
  toHeader?: true;
}

/** One row to write. */
export interface TargetRow {
  /** The legacy key as the target will carry it; unique within its collection. */
  legacyKey: string;
  /** The target's own key, where it is known already. */
  targetKey?: string;
  /** A JSON object of plain fields; exact decimals and 64-bit integers as strings, instants as ISO 8601 with Z. */
  body: string;
  references: readonly TargetReference[];
}

/** Rows that stand or fall together: a header and its lines, or a single row. */
export interface TargetDocument {
  collection: TargetCollection;
  row: TargetRow;
  lines?: { collection: TargetCollection; rows: readonly TargetRow[] };
}

/** What the target said about one row. */
export type RowOutcome =
  | { legacyKey: string; collection: string; outcome: 'created' | 'updated' | 'unchanged'; targetKey: string }
  /** The target looked at the row and said no: a reject, with the target's code and its words (which may hold values). */
  | { legacyKey: string; collection: string; outcome: 'refused'; code: string; message: string; field?: string }
  /** No answer that can be trusted came: it may or may not have been written. */
  | { legacyKey: string; collection: string; outcome: 'uncertain'; reason: string };

/** Admission to the target account, granted by the limiter within what the engineer allows. */
export interface RequestGate {
  /** Waits for a turn; the returned function gives it back. */
  enter(signal?: AbortSignal): Promise<() => void>;
  /** Tells the gate how a request went, so that it can widen or narrow. */
  report(result: 'ok' | 'throttled' | 'failed', details?: { retryAfterMs?: number; latencyMs?: number }): void;
}

export interface TargetCall {
  gate: RequestGate;
  signal?: AbortSignal;
  /**
   * Asked right before each request that writes, once its turn has come: throws when another attempt has taken over.
   * A turn may be waited for so long that what was true before it is true no more.
   */
  stillOurs?: () => Promise<void>;
}

export interface WriteBatch {
  /** Documents a request, at most. */
  readonly batchLimit: number;
  /** After which time a request that was sent can no longer take effect, in milliseconds. */
  readonly settlingMs: number;
  /**
   * Writes documents; answers are matched to rows by key, never by position, and every row gets exactly one outcome.
   * Throttling and expired tokens are handled within; what cannot be decided comes back as `uncertain`.
   *
   * @param mode `write` upserts (or creates); `references` only sets the references of rows that exist
   * @throws LandfallError when nothing of the batch can have been written (unauthorised, unreachable, wrong URL)
   */
  writeBatch(
    documents: readonly TargetDocument[],
    mode: 'write' | 'references',
    call: TargetCall,
  ): Promise<RowOutcome[]>;
}

/** A value of each line after its key. */
export interface LineColumn {
  field: string;
  /** Of a reference to one of several collections: the one whose rows' keys stand here. */
  collection?: string;
}

/** Rows that are all written alike, and reach the connector as text that nobody has made objects of. */
export interface LineRows {
  /** Upserted. */
  collection: TargetCollection;
  columns: readonly LineColumn[];
  count: number;
  /**
   * A line for each row, its end included, in pieces of whole lines: the legacy key, then the value of each column, in
   * the form that a body gives it, between tabs. `\N` is nothing; backslash, tab and ends of lines stand behind a
   * backslash (PostgreSQL manual, COPY, “Text Format”; MySQL's LOAD DATA reads the same). Can be asked for again.
   */
  lines(): AsyncIterable<string>;
}

export interface WriteLines {
  /**
   * Writes rows all at once, or none of them: for a chunk of which the target refuses nothing, at a fraction of what
   * documents cost.
   *
   * @param accept asked before anything takes effect, with pieces of whole lines: legacy key, the target's key, and
   *   `created`, `updated` or `unchanged`, between tabs. What comes second about a row adds nothing. False: the target
   *   did not account for each row, and nothing may take effect.
   * @returns `declined`: nothing was written, and the rows are to be sent as documents, which finds the one that the
   *   target refuses; `uncertain`: no answer that can be trusted came
   * @throws LandfallError when nothing can have been written (unauthorised, unreachable)
   */
  writeLines(
    rows: LineRows,
    accept: (answers: AsyncIterable<string>) => Promise<boolean>,
    call: TargetCall,
  ): Promise<'written' | 'declined' | 'uncertain'>;
}

/** Finds rows by their legacy keys: how uncertain writes are settled and create-only loads are kept single. */
export interface FindRows {
  findByLegacyKey(
    collection: TargetCollection,
    legacyKeys: readonly string[],
    call: TargetCall,
  ): Promise<{ legacyKey: string; targetKey: string }[]>;
}

/** A page of what is in the target now. */
export interface ActualPage {
  rows: ActualRow[];
  /** Opaque; continues after this page, also in another process. Holds row values: staged, never in history. */
  next: string | null;
  asAt: string;
}

export interface ActualRow {
  targetKey: string;
  legacyKey: string | null;
  /** Field to value: exact numbers as text, instants as ISO 8601 with Z, references as the target's key. */
  values: Record<string, string | number | boolean | null>;
  /** For a reference that may point at several collections: which one it does. */
  referenceCollections?: Record<string, string>;
  /** The target's version of the row (ETag), where it has one. */
  version?: string;
}

export interface ReadBack {
  /** Rows that Landfall wrote (those that carry a legacy key), page by page, from `after` on. */
  readBack(collection: TargetCollection, after: string | null, call: TargetCall): Promise<ActualPage>;
  /** Rows that carry a legacy key, as the target counts them; null where it cannot. */
  countRows(collection: TargetCollection, call: TargetCall): Promise<number | null>;
  /** Reference data: the given properties of every row of a collection. */
  readReference(
    collection: string,
    properties: readonly string[],
    call: TargetCall,
  ): AsyncIterable<Record<string, string | null>[]>;
}

/** How a page of lines ended. */
export interface LinePage {
  count: number;
  /** Opaque; continues after this page, also in another process. Holds row values: staged, never in history. */
  next: string | null;
  asAt: string;
}

export interface ReadBackLines {
  /**
   * As `readBack`, for rows that nobody makes objects of: a line for each, with the target's key, the legacy key and the
   * given fields, in the form of `LineRows`; values in a form that DuckDB's casts read.
   *
   * @param take is given pieces of whole lines, and has to read them to their end
   * @returns null where these fields are not read so; then `take` was not called
   */
  readBackLines(
    collection: TargetCollection,
    fields: readonly string[],
    after: string | null,
    take: (lines: AsyncIterable<string>) => Promise<void>,
    call: TargetCall,
  ): Promise<LinePage | null>;
}

export interface BeforeImage {
  /** What the target holds for these keys before anything is written: for undo. */
  beforeImage(collection: TargetCollection, legacyKeys: readonly string[], call: TargetCall): Promise<ActualRow[]>;
}

export interface WriteAttachments {
  /** Streams bytes into a file property. Replaces what is there. */
  putAttachment(
    collection: TargetCollection,
    targetKey: string,
    property: string,
    file: { name: string; bytes: number; content: () => AsyncIterable<Uint8Array> },
    call: TargetCall,
  ): Promise<void>;
  openAttachment(
    collection: TargetCollection,
    targetKey: string,
    property: string,
    call: TargetCall,
  ): Promise<AsyncIterable<Uint8Array> | null>;
}

export interface TargetFigures {
  figures(request: FigureRequest, call: TargetCall): Promise<FigureAnswer>;
}

export interface MarkLive {
  /** Leaves a mark in the target that it is the system of record from now on. Idempotent. */
  markLive(by: { run: string; report: string }, call: TargetCall): Promise<void>;
}

export type TargetCapabilities = Pingable &
  Closable &
  CheckShape &
  WriteBatch &
  FindRows &
  ReadBack &
  Partial<
    ListCollections &
      PrivilegeCheck &
      WriteLines &
      ReadBackLines &
      BeforeImage &
      WriteAttachments &
      TargetFigures &
      MarkLive
  >;

export interface Target extends TargetCapabilities {
  readonly role: 'target';
  readonly kind: string;
}

// ----------------------------------------------------------------------------------------------------------- registry

/** Resolves a secret reference of the configuration. Values live in memory only. */
export type SecretResolver = (reference: { env: string } | { file: string }) => string;

/** What a person says of a system when a project begins. */
export interface Address {
  /** With the account as its user name, and never with a secret. */
  url: URL;
  /** Where the account's secret is; null: there is none. */
  secret: SecretRef | null;
  /** Where tokens are issued for the account; null: it signs in without. */
  tokenUrl: string | null;
}

/** One kind of system: its settings and how to open it. One folder and one line in the registry. */
export interface ConnectorKind<Settings extends z.ZodType = z.ZodType> {
  readonly kind: string;
  readonly title: string;
  /** What a connection of this kind is configured with; secrets as references. */
  readonly settings: Settings;
  /**
   * What tells the account at the target from others, the same wherever it is configured: requests are limited by it.
   * Absent: the connection's name.
   */
  accountOf?(settings: z.infer<Settings>): string;
  /** The settings that an address stands for; null when it is not one of this kind. */
  settingsFor?(address: Address): z.input<Settings> | null;
  openSource?(name: string, settings: z.infer<Settings>, secrets: SecretResolver): Promise<Source>;
  openTarget?(name: string, settings: z.infer<Settings>, secrets: SecretResolver): Promise<Target>;
}
