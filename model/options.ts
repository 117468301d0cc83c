import { z } from 'zod';

const ms = (): z.ZodInt => z.int().min(1);

/** What a run may be tuned by. Frozen in the plan; every duration is in milliseconds. */
export const RunOptions = z.strictObject({
  /** Rows a chunk aims at. */
  chunkRows: z.int().min(1).default(50_000),
  /** Chunks of one entity in work at the same time. */
  chunkFanOut: z.int().min(1).max(200).default(4),
  /** Entities in work at the same time. */
  entityFanOut: z.int().min(1).max(200).default(4),
  /** Requests in flight at the target, over all workers and migrations that share its account. */
  targetConcurrency: z.int().min(1).default(8),
  /** Requests a minute to the target, over all workers and migrations that share its account; null: no such limit. */
  targetRequestsPerMinute: z.int().min(1).nullable().default(null),
  /** Time one step on one chunk may take. */
  stepTimeoutMs: ms().default(30 * 60_000),
  /** Silence after which a step counts as dead. */
  heartbeatTimeoutMs: ms().default(30_000),
  /** First wait between tries of a step that failed for a passing reason; each further one is twice as long. */
  retryFirstMs: ms().default(1_000),
  /** Longest wait between two such tries. */
  retryLongestMs: ms().default(60_000),
  /** Tries of a step that fails for a passing reason before the run ends; null: until it succeeds or a person aborts. */
  retryTries: z.int().min(1).nullable().default(null),
  /** How often the holder of a snapshot proves that it still holds it. */
  leaseBeatMs: ms().default(5_000),
  /** How often that holder looks whether the run that it holds it for still goes on. */
  leaseWatchMs: ms().default(3_600_000),
  /** How long a grant of the target's limiter lasts. */
  limiterGrantMs: ms().default(20_000),
  /** How often an entity tells its migration how far it is, at most; of many chunks it tells fewer times. */
  progressMs: ms().default(10_000),
  /** How old a staged file that nothing refers to must be to be collected: attempts may outlive their cancellation. */
  collectGraceMs: z.int().min(0).default(3_600_000),
  /** Differences of one entity that the report lists; the staged list is always complete. */
  listedDifferences: z.int().min(0).default(200),
  /** How long a report may wait for its signature. Nothing reads it yet. */
  signOffReminderMs: ms().default(24 * 3_600_000),
});
export type RunOptions = z.infer<typeof RunOptions>;
