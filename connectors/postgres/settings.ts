import { z } from 'zod';
import { SecretRef } from '../../model/names.ts';

/** How a PostgreSQL database is reached and, at the cut-over, made to refuse writes. */
export const Settings = z.strictObject({
  kind: z.literal('postgres'),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(5432),
  database: z.string().min(1),
  user: z.string().min(1),
  password: SecretRef.optional(),
  ssl: z.enum(['disable', 'require', 'verify-full']).default('disable'),
  /** Connections that one worker may hold. */
  poolSize: z.int().min(1).default(8),
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
});
export type Settings = z.infer<typeof Settings>;
