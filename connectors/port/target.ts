import type { Problem } from '../../model/errors.ts';
import type { FieldShape } from '../../model/shape.ts';
import type { Closable, DuckRead, FigureAnswer, FigureRequest, Holds, Pingable, PrivilegeCheck } from './shared.ts';

/** A collection of the target with the properties that a blueprint says it will write. */
export interface TargetCollection {
  collection: string;
  id: string;
  legacyKey: string;
  write: 'upsert' | 'create';
  shape: Record<string, FieldShape>;
}

export interface CheckShape {
  /**
   * Every way in which the target's own metadata disagrees with the shape.
   *
   * @param call absent: there is no run, and nobody's account to share
   */
  checkShape(collection: TargetCollection, call?: TargetCall): Promise<Problem[]>;
  /** Changes when the metadata that a collection depends on changes. */
  fingerprint(collections: readonly string[], call?: TargetCall): Promise<Record<string, string>>;
}

/** A property of a collection as the target's metadata declares it. */
export interface CollectionProperty {
  name: string;
  holds: Holds;
  /** The target takes no row without a value. */
  required: boolean;
  /** Whether a row may be written without a value; where it is not said: if it is not required. */
  nullable?: boolean;
}

/** A collection of the target as its metadata declares it. */
export interface CollectionDescription {
  collection: string;
  /** What one of its rows is called. */
  type: string;
  /** The property that the target keys its rows by. */
  id: string;
  /** Properties that are unique by themselves, and that the target can upsert on; `id` too, where rows may bring it. */
  alternateKeys: string[];
  /** What can be written; `id` only where rows may bring it, and required where they have to. */
  properties: CollectionProperty[];
  /** Fields that point at rows, with the collections that they may point at. */
  references: { field: string; collections: string[]; nullable?: boolean }[];
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

/** A page of rows that DuckDB reads by itself. */
export interface DirectPage {
  /**
   * Its SELECT gives the columns `_target` (the target's key), `_key` (the legacy key) and the fields that were asked for,
   * all of them VARCHAR, in a form that DuckDB's casts read.
   */
  read: DuckRead;
  /**
   * Does the reading as a request of the target: it holds a place at the gate meanwhile, and is done again from its
   * beginning where it failed for a passing reason.
   *
   * @param work throws what `read.brokenOff` says, where it says something; whatever else it throws is not the target's
   *   failure, and is thrown as it is
   */
  request(work: () => Promise<void>): Promise<void>;
  /** Opaque; continues after this page, also in another process. Holds row values: staged, never in history. */
  next: string | null;
  /** No row that is read is older than this. */
  asAt: string;
}

export interface ReadBackDirect {
  /**
   * As `readBack`, for rows that never pass through JavaScript: says where the page ends, and how DuckDB reads it.
   *
   * @param rows a page, about: rows that come and go before it is read are more or fewer
   * @returns null where these fields cannot be read so
   */
  readBackDirect(
    collection: TargetCollection,
    fields: readonly string[],
    after: string | null,
    rows: number,
    call: TargetCall,
  ): Promise<DirectPage | null>;
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
      ReadBackDirect &
      BeforeImage &
      WriteAttachments &
      TargetFigures &
      MarkLive
  >;

export interface Target extends TargetCapabilities {
  readonly role: 'target';
  readonly kind: string;
}
