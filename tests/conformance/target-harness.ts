import type { Target, TargetCollection } from '../../connectors/port.ts';

/** What may be wrong with how a connection is configured. */
export type Mistake = 'host' | 'port' | 'path' | 'password';

/** What may go wrong with the next request that writes. */
export type Fault =
  /** Refused with a wish to wait a second. */
  | 'throttle'
  /** The connection is cut before the service hears of the request. */
  | 'reset-before-commit'
  /** The connection is cut when the service has done its work. */
  | 'reset-after-commit'
  /** The answers come in reverse order. */
  | 'reversed-answers';

/** JSON fields of a row. */
export type Fields = Record<string, string | number | boolean | null>;

/** A running system with the collections that the suite writes to. Each collection starts empty. */
export interface TargetHarness {
  open(mistake?: Mistake): Promise<Target>;
  arm(fault: Fault): void | Promise<void>;
  /** Every token, or session, handed out so far stops working. */
  expireCredentials(): void | Promise<void>;
  stop(): Promise<void>;
  /** Texts that no error may hold. */
  secrets: string[];

  /** Rows that upsert; `label` is a text field of at least 100 characters. */
  plain: { collection: TargetCollection; label: string; fields: (n: number) => Fields; refused: Fields };
  /** Fields with values that are easily damaged, by name: as sent, and as they must come back. */
  types: { collection: TargetCollection; rows: Fields[] };
  /** A decimal field, and the longest value that it holds. */
  longest: { collection: TargetCollection; fields: Fields; field: string; value: string };
  document: {
    header: TargetCollection;
    headerFields: Fields;
    lines: TargetCollection;
    lineFields: (n: number) => Fields;
    refusedLine: Fields;
    /** The lines' reference to their header. */
    reference: string;
  };
  /** A reference from `collection` to `to`. */
  reference: { collection: TargetCollection; fields: Fields; field: string; to: TargetCollection; toFields: Fields };
  /** A reference that may point at rows of several collections. */
  polymorphic: {
    collection: TargetCollection;
    fields: Fields;
    field: string;
    to: { collection: TargetCollection; fields: Fields }[];
  };
  /** Rows that the target only creates. */
  createOnly: { collection: TargetCollection; fields: Fields };
  attachment: { collection: TargetCollection; fields: Fields; property: string };
  figures: { collection: TargetCollection; fields: (n: number) => Fields; sum: string; by: string; scale: number };
}
