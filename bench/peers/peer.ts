/** A program that reads a table of PostgreSQL into Parquet (or nowhere), as a process of its own. */
export interface ExtractionPeer {
  name: string;
  title: string;
  aim: string | null;
  /** The least speed of ours by it that meets the aim. */
  least: number | null;
  /** What it does less, or otherwise, than ours. */
  note: string;
  /** Installs it where need be; says why where it cannot be. The command prints the rows that it read, last. */
  ready(): Promise<{ command(url: string, table: string, folder: string): string[] } | { reason: string }>;
}

/** Two tables in two databases. */
export interface TwoTables {
  url: string;
  copyUrl: string;
  table: string;
  key: string;
  columns: readonly string[];
}

/** What a comparison found: rows that differ, and rows that one side lacks. */
export interface Found {
  changed: number;
  missing: number;
}

/** A program that compares two tables and lists what differs. */
export interface ComparisonPeer {
  name: string;
  title: string;
  aim: string | null;
  least: number | null;
  note: string;
  ready(): Promise<
    { command(of: TwoTables, folder: string): string[]; found(stdout: string): Found } | { reason: string }
  >;
}

/** Two databases: what is copied, and where to. */
export interface CopyTask {
  url: string;
  copyUrl: string;
  tables: readonly string[];
}

/** A program that copies tables from one database into another, as a process of its own. */
export interface CopyPeer {
  name: string;
  title: string;
  /** What ours aims at until its load's end, and with its reconciliation by the peer and a validation. */
  copying: { aim: string | null; least: number | null };
  validated: { aim: string | null; least: number | null };
  /** Whether it wants the tables to be there: then with their keys. Those that it makes itself have none. */
  wantsTables: boolean;
  note: string;
  ready(): Promise<{ command(of: CopyTask, folder: string): string[] } | { reason: string }>;
}
