import { z } from 'zod';
import { Counts, type CountsByPart } from './run.ts';

/** What became of one figure or row: nothing is a match that was not compared. */
export const Judgement = z.enum(['match', 'explained', 'unexplained', 'unverified']);
export type Judgement = z.infer<typeof Judgement>;

export const Difference = z.strictObject({
  key: z.string(),
  field: z.string(),
  /** Null is no value; what is personal or restricted is masked. */
  meant: z.string().nullable(),
  found: z.string().nullable(),
});
export type Difference = z.infer<typeof Difference>;

const Held = z.strictObject({ rule: z.string(), field: z.string(), rows: z.int(), reason: z.string() });

/** One part (an entity, or the lines of its documents) of the report. */
export const PartReport = z.strictObject({
  part: z.string(),
  entity: z.string(),
  title: z.string(),
  accounting: Counts,
  /** Rows that carry a legacy key, as the target itself counts them; null where it cannot tell. */
  targetCount: z.int().nullable(),
  readBack: z.int(),
  equal: z.int(),
  differing: z.int(),
  missing: z.int(),
  unexpected: z.int(),
  duplicates: z.int(),
  differences: z.array(Difference),
  /** Differences in all; the list above may be shorter. */
  differencesTotal: z.int(),
  missingKeys: z.array(z.string()),
  unexpectedKeys: z.array(z.string()),
  rejected: z.array(Held),
  leftBehind: z.array(Held),
  refused: z.array(Held),
  blocked: z.array(Held),
  dropped: z.array(Held),
  attachments: z.strictObject({ moved: z.int(), bytes: z.int(), differing: z.int() }).nullable(),
});
export type PartReport = z.infer<typeof PartReport>;

export const FigureGroup = z.strictObject({
  group: z.record(z.string(), z.string().nullable()),
  /** The source's own answer, at the position that was extracted. */
  source: z.string().nullable(),
  /** The same over the staged rows. */
  staged: z.string().nullable(),
  /** Over those staged rows that went into the target. */
  moved: z.string().nullable(),
  /** Over what was read back. */
  target: z.string().nullable(),
  judgement: Judgement,
});
export type FigureGroup = z.infer<typeof FigureGroup>;

export const FigureReport = z.strictObject({
  name: z.string(),
  title: z.string(),
  unit: z.string(),
  expected: z.string().nullable(),
  groups: z.array(FigureGroup),
  judgement: Judgement,
  note: z.string(),
});
export type FigureReport = z.infer<typeof FigureReport>;

export const Verdict = z.enum(['whole', 'differs', 'unverified']);

/** The outcome of a reconciliation. Its digest is what a sign-off names. */
export const Report = z.strictObject({
  version: z.literal(1),
  run: z.string(),
  migration: z.string(),
  title: z.string(),
  mode: z.enum(['rehearsal', 'live']),
  plan: z.string(),
  source: z.strictObject({ connection: z.string(), positions: z.array(z.string()) }),
  target: z.strictObject({ connection: z.string(), asAt: z.string() }),
  owners: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  startedAt: z.string(),
  verdict: Verdict,
  reasons: z.array(z.string()),
  parts: z.array(PartReport),
  figures: z.array(FigureReport),
});
export type Report = z.infer<typeof Report>;

export type { CountsByPart };
