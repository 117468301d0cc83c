import { z } from 'zod';
import { Control } from './controls.ts';
import { Classification, Name } from './names.ts';
import { FieldShape } from './shape.ts';
import { LookupSchema, SqlSchema } from './sql.ts';

/** How an entity is consistent with itself and its neighbours while it is read. */
export const Consistency = z.enum(['snapshot', 'frozen', 'fuzzy']);
export type Consistency = z.infer<typeof Consistency>;

/** A table or view of the source. `key` is what makes a row of it unique and what chunks are cut by. */
export const TableSource = z.strictObject({
  kind: z.literal('table'),
  object: z.string().min(1),
  key: z.array(z.string().min(1)).min(1),
  columns: z.array(z.string().min(1)).optional(),
  where: z.string().optional(),
  classify: z.record(z.string(), Classification),
});
export type TableSource = z.infer<typeof TableSource>;

/**
 * A collection of the target. `legacyKey` is the property that carries Landfall's key for the row; `write` says whether
 * the target can upsert on it, or only create (then the target assigns the key and nothing stops a second create).
 */
export const CollectionTarget = z.strictObject({
  kind: z.literal('collection'),
  collection: z.string().min(1),
  id: z.string().min(1),
  legacyKey: z.string().min(1),
  write: z.enum(['upsert', 'create']),
  shape: z.record(z.string(), FieldShape),
});
export type CollectionTarget = z.infer<typeof CollectionTarget>;

/** One way a reference may point: at rows of `entity`, when `when` holds. `key` lists that entity's source key columns. */
export const ReferenceArm = z.strictObject({
  when: SqlSchema.optional(),
  entity: z.string(),
  key: z.array(SqlSchema).min(1),
});
export type ReferenceArm = z.infer<typeof ReferenceArm>;

export const FieldMapping = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('value'), sql: SqlSchema }),
  z.strictObject({ kind: z.literal('targetKey'), lookup: LookupSchema }),
  z.strictObject({
    kind: z.literal('crosswalk'),
    arms: z.array(ReferenceArm).min(1),
    /** Set in a later pass, when every row that it may point at is loaded. */
    later: z.boolean(),
    /** What to do when the row it points at is not in the target: hold this row back, or load it without. */
    whenMissing: z.enum(['block', 'null']),
  }),
  /** In the lines of a document: the document's own header. */
  z.strictObject({ kind: z.literal('header') }),
]);
export type FieldMapping = z.infer<typeof FieldMapping>;

/** A rule that a row must not break. SQL's CHECK semantics: it fails when FALSE, and passes when TRUE or NULL. */
export const Check = z.strictObject({
  name: z.string().min(1),
  on: z.enum(['source', 'ready']),
  sql: SqlSchema,
  field: z.string().optional(),
  hint: z.string(),
});
export type Check = z.infer<typeof Check>;

/** Rows that stay behind on purpose, with the reason that the report prints. */
export const LeaveRule = z.strictObject({ name: z.string().min(1), when: SqlSchema, reason: z.string().min(1) });
export type LeaveRule = z.infer<typeof LeaveRule>;

/** Bytes that belong to a row: streamed, compared by digest and size, never a column of a chunk. */
export const Attachments = z.strictObject({
  /** The source's column that holds the bytes. */
  content: z.string(),
  /** The target's property that receives them. */
  property: z.string(),
  /** The file's name in the target. */
  fileName: SqlSchema,
  maxBytes: z.int().positive().optional(),
});
export type Attachments = z.infer<typeof Attachments>;

const part = {
  name: Name,
  title: z.string().min(1),
  from: TableSource,
  to: CollectionTarget,
  /** The row's key in Landfall's own terms, as the target will carry it. */
  legacyKey: SqlSchema,
  fields: z.record(z.string(), FieldMapping),
  checks: z.array(Check),
  leave: z.array(LeaveRule),
};

/** The lines of a document: they are cut, held back and loaded together with their header. */
export const Lines = z.strictObject({
  ...part,
  /** The columns of the lines' table that hold the header's key, in the order of the header's key. */
  headerKey: z.array(z.string()).min(1),
});
export type Lines = z.infer<typeof Lines>;

export const Entity = z.strictObject({
  ...part,
  /** Row by row, or one ready row for all source rows that share this value. */
  keyedBy: SqlSchema.optional(),
  lines: Lines.optional(),
  attachments: Attachments.optional(),
  consistency: Consistency,
  /**
   * The quality gate: the share of rows that may be rejected before the load asks a person; and that the target may refuse
   * before the report says that it differs.
   */
  rejectLimit: z.number().min(0).max(1),
  /** Rows a chunk, where the blueprint knows better than the default. */
  chunkRows: z.int().positive().optional(),
  after: z.array(z.string()),
});
export type Entity = z.infer<typeof Entity>;
/** What an entity and its lines have in common. */
export type Part = Entity | Lines;

export const LookupTable = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('csv'), file: z.string() }),
  z.strictObject({ kind: z.literal('rows'), rows: z.array(z.record(z.string(), z.string())) }),
]);
export type LookupTable = z.infer<typeof LookupTable>;

export const Blueprint = z.strictObject({
  name: Name,
  title: z.string().min(1),
  lookups: z.record(z.string(), LookupTable),
  entities: z.array(Entity).min(1),
  controls: z.array(Control),
});
export type Blueprint = z.infer<typeof Blueprint>;

/** The parts of an entity, header first. */
export function partsOf(entity: Entity): Part[] {
  return entity.lines ? [entity, entity.lines] : [entity];
}

/** Entities that a part points at, with whether it waits for a later pass. */
export function referencesOf(part: Part): { field: string; entity: string; later: boolean }[] {
  return Object.entries(part.fields).flatMap(([field, mapping]) =>
    mapping.kind === 'crosswalk'
      ? mapping.arms.map((arm) => ({ field, entity: arm.entity, later: mapping.later }))
      : [],
  );
}
