import { z } from 'zod';
import { SecretRef } from '../../model/names.ts';

/** What writing to a database needs besides reaching it. */
const AsTarget = z
  .strictObject({
    /** Rows a transaction, headers and lines. */
    batchLimit: z.int().min(1).max(50_000).default(5_000),
    /** Rows a page when reading. */
    pageRows: z.int().min(1).max(100_000).default(10_000),
    /** The longest that the server works on one statement, in milliseconds (`statement_timeout`). */
    statementMs: z.int().min(100).default(60_000),
    /** How long the server keeps a transaction whose client is silent (`idle_in_transaction_session_timeout`). */
    idleMs: z.int().min(100).default(30_000),
    /** After which time a transaction that was sent can no longer take effect, in milliseconds. */
    settlingMs: z.int().min(200).default(120_000),
    /** Tries of a transaction that failed for a passing reason before the caller hears of it. */
    tries: z.int().min(1).default(4),
    /** The table that says that this system is the system of record; it is made where it is not there and may be. */
    liveMark: z.string().min(1).default('landfall_live_mark'),
  })
  .refine((target) => target.settlingMs >= target.statementMs + target.idleMs, {
    path: ['settlingMs'],
    message: 'must be at least statementMs and idleMs together: so long can a transaction go on without its client',
  });

/** How a PostgreSQL database is reached and, at the cut-over, made to refuse writes. */
export const Settings = z.strictObject({
  /** PostgreSQL 13 or later. */
  kind: z.literal('postgres'),
  /** Its name or address. */
  host: z.string().min(1),
  /** The port that it listens on. */
  port: z.int().min(1).max(65_535).default(5432),
  /** The database that tables are in. */
  database: z.string().min(1),
  /** Who signs in. A source’s needs to read what moves; a target’s to read, insert and update what is written. */
  user: z.string().min(1),
  /** Absent where the server asks for none. */
  password: SecretRef.optional(),
  /** Whether the connection is encrypted, and whether the server’s certificate and name are checked. */
  ssl: z.enum(['disable', 'require', 'verify-full']).default('disable'),
  /** Connections that one worker may hold. */
  poolSize: z.int().min(1).default(8),
  /** How long a connection may take to be made, in milliseconds. */
  connectTimeoutMs: z.int().min(100).default(10_000),
  freeze: z
    .strictObject({
      /** Run with `true` as $1 to freeze and `false` to thaw: `SELECT crm.set_read_only($1)`. */
      set: z.string(),
      /** Gives one boolean that is true when a write was tried and refused: `SELECT crm.writes_are_refused()`. */
      probe: z.string(),
      /** How long a freeze waits for work in flight, in milliseconds: everybody's writes wait behind it. */
      waitMs: z.int().min(100).default(30_000),
    })
    .optional(),
  target: AsTarget.prefault({}),
});
export type Settings = z.infer<typeof Settings>;
export type SettingsInput = z.input<typeof Settings>;
