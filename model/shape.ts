import { z } from 'zod';

/** What the target can hold in one field; the ready row's column type follows from it. */
export const FieldKind = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), max: z.int().positive(), pattern: z.string().optional() }),
  z.strictObject({ kind: z.literal('decimal'), precision: z.int().min(1).max(38), scale: z.int().min(0).max(38) }),
  z.strictObject({ kind: z.literal('integer'), min: z.int().optional(), max: z.int().optional() }),
  z.strictObject({ kind: z.literal('bigint') }),
  z.strictObject({ kind: z.literal('boolean') }),
  z.strictObject({ kind: z.literal('date') }),
  z.strictObject({ kind: z.literal('timestamp'), precision: z.enum(['second', 'microsecond']) }),
  z.strictObject({ kind: z.literal('uuid') }),
  z.strictObject({ kind: z.literal('choice'), options: z.record(z.string(), z.string()) }),
  z.strictObject({ kind: z.literal('reference'), collections: z.array(z.string()).min(1) }),
]);
export type FieldKind = z.infer<typeof FieldKind>;

export const FieldShape = z.strictObject({ type: FieldKind, required: z.boolean() });
export type FieldShape = z.infer<typeof FieldShape>;

const kinds = z.registry<{ landfall: FieldKind }>();

function remember<T extends z.ZodType>(schema: T, kind: FieldKind): T {
  kinds.add(schema, { landfall: kind });
  return schema;
}

/** Text of at most `max` UTF-16 units, which is how OData's MaxLength counts. */
export function text(max: number, options: { pattern?: RegExp } = {}): z.ZodString {
  const pattern = options.pattern;
  const schema = pattern ? z.string().max(max).regex(pattern) : z.string().max(max);
  return remember(schema, { kind: 'text', max, ...(pattern ? { pattern: pattern.source } : {}) });
}

/** An exact decimal with `precision` digits in all, `scale` of them after the point. Travels as text. */
export function decimal(precision: number, scale: number): z.ZodString {
  return remember(z.string().regex(/^-?\d+(?:\.\d+)?$/), { kind: 'decimal', precision, scale });
}

/** A 32-bit integer. */
export function integer(range: { min?: number; max?: number } = {}): z.ZodInt32 {
  let schema = z.int32();
  if (range.min !== undefined) schema = schema.min(range.min);
  if (range.max !== undefined) schema = schema.max(range.max);
  return remember(schema, { kind: 'integer', ...range });
}

/** A 64-bit integer. Travels as text. */
export function bigInteger(): z.ZodString {
  return remember(z.string().regex(/^-?\d+$/), { kind: 'bigint' });
}

/** True or false. */
export function flag(): z.ZodBoolean {
  return remember(z.boolean(), { kind: 'boolean' });
}

/** A calendar date. */
export function date(): z.ZodISODate {
  return remember(z.iso.date(), { kind: 'date' });
}

/**
 * An instant, always in UTC. A target that keeps whole seconds says so here: then fractions are cut when the row is
 * mapped, and what is compared is what the target can hold.
 */
export function timestamp(options: { precision?: 'second' | 'microsecond' } = {}): z.ZodISODateTime {
  return remember(z.iso.datetime(), { kind: 'timestamp', precision: options.precision ?? 'microsecond' });
}

/** A UUID (GUID). */
export function uuid(): z.ZodGUID {
  return remember(z.guid(), { kind: 'uuid' });
}

/** One of the target's numbered choices, with the labels that reports print. */
export function choice(options: Record<number, string>): z.ZodInt32 {
  return remember(z.int32(), { kind: 'choice', options });
}

/** A reference to a row of another collection (or of one of several). */
export function reference(...collections: [string, ...string[]]): z.ZodString {
  return remember(z.string(), { kind: 'reference', collections });
}

/** The target's shape as the blueprint writes it: one schema a property; `.nullable()` marks what may be empty. */
export type Shape = Record<string, z.ZodType>;

/** Reads what the builders above remembered, through `.nullable()` and `.optional()`. */
export function fieldShape(schema: z.ZodType): FieldShape | undefined {
  let inner: z.ZodType = schema;
  let required = true;
  while (inner instanceof z.ZodNullable || inner instanceof z.ZodOptional) {
    required = false;
    inner = inner.unwrap() as z.ZodType;
  }
  const found = kinds.get(inner);
  return found ? { type: found.landfall, required } : undefined;
}

/** The column type of a field in ready and actual rows. Uuids and references travel as text. */
export function duckType(kind: FieldKind): string {
  switch (kind.kind) {
    case 'text':
    case 'uuid':
    case 'reference':
      return 'VARCHAR';
    case 'decimal':
      return `DECIMAL(${kind.precision},${kind.scale})`;
    case 'integer':
    case 'choice':
      return 'INTEGER';
    case 'bigint':
      return 'BIGINT';
    case 'boolean':
      return 'BOOLEAN';
    case 'date':
      return 'DATE';
    case 'timestamp':
      return 'TIMESTAMPTZ';
  }
}
