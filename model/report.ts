import { z } from 'zod';
import { Counts, type CountsByPart } from './run.ts';

/** What became of one figure or row: nothing is a match that was not compared. */
export const Judgement = z.enum(['match', 'explained', 'unexplained', 'unverified']);
export type Judgement = z.infer<typeof Judgement>;

/** What stands in a report for a value that it may not show. */
export const Masked = '•••';

export const Difference = z.strictObject({
  /** Its number in the staged list of all differences of the part, where values are not masked. */
  id: z.int(),
  key: z.string(),
  /** The field's name, or `_target`: the key is carried by another row than the one that was written. */
  field: z.string(),
  /** Null is no value; what is personal or restricted is masked, and long texts are cut around where they part. */
  meant: z.string().nullable(),
  found: z.string().nullable(),
});
export type Difference = z.infer<typeof Difference>;

export const Held = z.strictObject({ rule: z.string(), field: z.string(), rows: z.int(), reason: z.string() });
export type Held = z.infer<typeof Held>;

/** A complete list that lies in staging: which one, how long, and the digest of its rows. */
export const StagedList = z.strictObject({ role: z.string(), rows: z.int(), content: z.string() });
export type StagedList = z.infer<typeof StagedList>;

/** Bytes of one row that are not what they were. */
export const AttachmentDifference = z.strictObject({
  key: z.string(),
  bytes: z.int().nullable(),
  actualBytes: z.int().nullable(),
  sha256: z.string().nullable(),
  actualSha256: z.string().nullable(),
});
export type AttachmentDifference = z.infer<typeof AttachmentDifference>;

/** Attachments moved, compared by size and SHA-256. */
export const AttachmentsReport = z.strictObject({
  /** Rows that have an attachment in the source; missing where it was not counted. */
  due: z.int().optional(),
  moved: z.int(),
  bytes: z.int(),
  differing: z.int(),
  differences: z.array(AttachmentDifference).optional(),
});
export type AttachmentsReport = z.infer<typeof AttachmentsReport>;

/** One part (an entity, or the lines of its documents) of the report. */
export const PartReport = z.strictObject({
  part: z.string(),
  entity: z.string(),
  title: z.string(),
  accounting: Counts,
  /** Missing where it was not stated; `fuzzy` reads are not verified before they were synchronised. */
  consistency: z.enum(['snapshot', 'frozen', 'fuzzy']).optional(),
  /** The share of the ready rows that the target may refuse before the owner is told that it differs. */
  refusedLimit: z.number().optional(),
  /** Rows that carry a legacy key, as the target itself counts them; null where it cannot tell. */
  targetCount: z.int().nullable(),
  /** Rows read back; one that the target delivered on two pages counts once. */
  readBack: z.int(),
  /** Rows that were meant, found, and are equal in every compared field. */
  equal: z.int(),
  differing: z.int(),
  missing: z.int(),
  unexpected: z.int(),
  /** Legacy keys that more than one row of the target carries. */
  duplicates: z.int(),
  differences: z.array(Difference),
  /** Differences in all; the list above may be shorter. */
  differencesTotal: z.int(),
  differencesByField: z.array(z.strictObject({ field: z.string(), rows: z.int() })),
  missingKeys: z.array(z.string()),
  unexpectedKeys: z.array(z.string()),
  duplicateKeys: z.array(z.string()),
  compared: z.array(z.string()),
  notCompared: z.array(z.strictObject({ field: z.string(), reason: z.string() })),
  /** The complete lists in staging. */
  lists: z.array(StagedList).optional(),
  rejected: z.array(Held),
  leftBehind: z.array(Held),
  refused: z.array(Held),
  blocked: z.array(Held),
  dropped: z.array(Held),
  attachments: AttachmentsReport.nullable(),
});
export type PartReport = z.infer<typeof PartReport>;

/** Who stands for a difference that stays, why, and until when. */
export const Explanation = z.strictObject({ by: z.string(), why: z.string(), until: z.string() });
export type Explanation = z.infer<typeof Explanation>;

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
  /** The target's own answer, where it was asked; null when it cannot. */
  live: z.string().nullable().optional(),
  judgement: Judgement,
  explanation: Explanation.optional(),
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
export type Verdict = z.infer<typeof Verdict>;

/** The outcome of a reconciliation. Its digest is what a sign-off names. */
export const Report = z.strictObject({
  version: z.literal(1),
  run: z.string(),
  migration: z.string(),
  title: z.string(),
  mode: z.enum(['rehearsal', 'live']),
  plan: z.string(),
  /** The digest of what the run knew of its entities: through ledgers and manifests it binds every staged file. */
  staged: z.string().optional(),
  source: z.strictObject({ connection: z.string(), positions: z.array(z.string()) }),
  target: z.strictObject({ connection: z.string(), asAt: z.string() }),
  owners: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  /** ISO 8601 in UTC, as given by whoever asks for the report: the report itself looks at no clock. */
  startedAt: z.string(),
  endedAt: z.string().optional(),
  verdict: Verdict,
  reasons: z.array(z.string()),
  /** What people corrected by hand, without the values. */
  corrections: z
    .array(
      z.strictObject({
        part: z.string(),
        rows: z.int(),
        columns: z.array(z.string()),
        by: z.string(),
        reason: z.string(),
        /** The digest under which the corrections themselves are staged. */
        digest: z.string(),
      }),
    )
    .optional(),
  parts: z.array(PartReport),
  figures: z.array(FigureReport),
});
export type Report = z.infer<typeof Report>;

export type { CountsByPart };
