import { z } from 'zod';
import { Blueprint } from './blueprint.ts';
import { Person } from './config.ts';
import { Classification, Name } from './names.ts';
import { RunOptions } from './options.ts';

export const RunMode = z.enum(['rehearsal', 'live']);
export type RunMode = z.infer<typeof RunMode>;

/** A column of the source as it was when the plan was made. */
export const PlannedColumn = z.strictObject({
  name: z.string(),
  nativeType: z.string(),
  stagedType: z.string(),
  nullable: z.boolean(),
  castReason: z.string().optional(),
  large: z.boolean().optional(),
});
export type PlannedColumn = z.infer<typeof PlannedColumn>;

/** What planning found out about one part (an entity, or its lines). */
export const PlannedPart = z.strictObject({
  columns: z.array(PlannedColumn),
  estimatedRows: z.number(),
  sourceFingerprint: z.string(),
  targetFingerprint: z.string(),
  /** What each field inherits from the columns that its expression reads. */
  classes: z.record(z.string(), Classification),
  /** The source's columns that each field (or rule) reads. */
  reads: z.record(z.string(), z.array(z.string())),
});
export type PlannedPart = z.infer<typeof PlannedPart>;

export const PlanConnection = z.strictObject({ name: Name, kind: z.string() });

/** A blueprint bundled, resolved and frozen for a run. Its digest is the SHA-256 of its canonical JSON. */
export const Plan = z.strictObject({
  version: z.literal(1),
  landfall: z.string(),
  migration: Name,
  mode: RunMode,
  /** With what the source can do, so that no other part of a run needs to open it to know. */
  source: PlanConnection.extend({ freezes: z.boolean(), snapshots: z.boolean() }),
  target: PlanConnection,
  blueprint: Blueprint,
  /** The blueprint as one file of JavaScript, for auditors and for functions that SQL cannot express. */
  bundle: z.string(),
  /** Reference data of the blueprint, read when the plan was made. */
  lookups: z.record(z.string(), z.array(z.record(z.string(), z.string()))),
  parts: z.record(z.string(), PlannedPart),
  /** Entities in an order that respects their references. */
  order: z.array(Name),
  people: z.record(Name, Person),
  owners: z.array(Name),
  engineers: z.array(Name),
  options: RunOptions,
});
export type Plan = z.infer<typeof Plan>;

/** What the workflows need to know of a plan: names and numbers, no rows and no secrets. */
export const PlanOutline = z.strictObject({
  migration: Name,
  mode: RunMode,
  title: z.string(),
  source: z.string(),
  target: z.string(),
  entities: z.array(
    z.strictObject({
      name: Name,
      title: z.string(),
      parts: z.array(Name),
      /** Entities whose rows must be in the target before this one's. */
      loadAfter: z.array(Name),
      /** Entities whose keys this one carries, now or in a later pass. */
      pointsAt: z.array(Name),
      keyed: z.boolean(),
      later: z.boolean(),
      attachments: z.boolean(),
      rejectLimit: z.number(),
      consistency: z.enum(['snapshot', 'frozen', 'fuzzy']),
    }),
  ),
  owners: z.array(Name),
  engineers: z.array(Name),
  canFreeze: z.boolean(),
  needsLease: z.boolean(),
  options: RunOptions,
});
export type PlanOutline = z.infer<typeof PlanOutline>;
export type EntityOutline = PlanOutline['entities'][number];
