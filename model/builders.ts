import type { z } from 'zod';
import {
  Blueprint,
  type Attachments,
  type Check,
  type CollectionTarget,
  type Consistency,
  type Entity,
  type FieldMapping,
  type LeaveRule,
  type Lines,
  type LookupTable,
  type ReferenceArm,
  type TableSource,
} from './blueprint.ts';
import type { Control, ControlSide } from './controls.ts';
import { LandfallError } from './errors.ts';
import type { Classification } from './names.ts';
import { fieldShape, type FieldShape, type Shape } from './shape.ts';
import { type Lookup, type Sql } from './sql.ts';

export { defineConfig, env, file } from './config.ts';
export { div, literal, lookup, rawSql, sql, targetLookup, type Lookup, type Sql } from './sql.ts';
export { bigInteger, choice, date, decimal, flag, integer, reference, text, timestamp, uuid } from './shape.ts';

/**
 * A table or view of the source, with the columns that make its rows unique.
 *
 * @example table('crm.contact', { key: ['contact_id'], classify: { birth_date: 'restricted' } })
 */
export function table(
  object: string,
  options: {
    key: [string, ...string[]];
    /** The columns to move; all of them when left out. */
    columns?: string[];
    /** Rows to move, as SQL in the source's own dialect; all of them when left out. */
    where?: string;
    classify?: Record<string, Classification>;
  },
): TableSource {
  return {
    kind: 'table',
    object,
    key: options.key,
    classify: options.classify ?? {},
    ...(options.columns ? { columns: options.columns } : {}),
    ...(options.where === undefined ? {} : { where: options.where }),
  };
}

/** A collection of the target that remembers, for the compiler, which fields it has. */
export interface TypedCollection<S extends Shape> extends CollectionTarget {
  readonly [shapeOf]?: S;
}
declare const shapeOf: unique symbol;

/**
 * A collection of the target: its key, the property that carries the legacy key, and the shape of what is written.
 *
 * @example
 * collection('accounts', { id: 'accountid', legacyKey: 'crm_legacyid', shape: { name: text(160) } })
 */
export function collection<const S extends Shape>(
  name: string,
  options: { id: string; legacyKey: string; write?: 'upsert' | 'create'; shape: S },
): TypedCollection<S> {
  const shape: Record<string, FieldShape> = {};
  for (const [field, schema] of Object.entries(options.shape)) {
    const found = fieldShape(schema);
    if (!found) {
      throw new LandfallError({
        code: 'blueprint.shape',
        kind: 'permanent',
        what: `The shape of collection ${name} describes ${field} with a schema that Landfall does not know.`,
        where: { collection: name, field },
        hint: 'Use the builders text, decimal, integer, bigInteger, flag, date, timestamp, uuid, choice or reference.',
      });
    }
    shape[field] = found;
  }
  return {
    kind: 'collection',
    collection: name,
    id: options.id,
    legacyKey: options.legacyKey,
    write: options.write ?? 'upsert',
    shape,
  };
}

/** What may stand for a field: an expression, a lookup, or a reference. */
export type FieldSource = Sql | Lookup | FieldMapping;

type Required<S extends Shape> = { [F in keyof S]: null extends z.infer<S[F]> ? never : F }[keyof S];

/** One source for each required field of the shape, and at most one for each other. */
export type FieldsFor<S extends Shape> = { [F in Required<S>]: FieldSource } & {
  [F in Exclude<keyof S, Required<S>>]?: FieldSource;
};

/**
 * The key that another entity's row received in the target, found by that row's key in the source.
 *
 * @param entity the entity pointed at
 * @param key the source key of the row pointed at: one expression for each of its key columns
 * @param options.whenMissing what becomes of a row whose reference is not there: it is held back (default), or goes without
 * @param options.later set in a second pass, when every row is there; only with `whenMissing: 'null'`
 * @example parentcustomerid: crosswalk('organisation', sql`org_id`)
 */
export function crosswalk(
  entity: string,
  key: Sql | [Sql, ...Sql[]],
  options: { later?: boolean; whenMissing?: 'block' | 'null' } = {},
): FieldMapping {
  return crosswalkEither([{ entity, key }], options);
}

/**
 * A reference of more than one kind: the first arm whose condition holds says which entity it points at.
 *
 * @example
 * crosswalkEither([
 *   { when: sql`regarding_type = 'O'`, entity: 'organisation', key: sql`regarding_id` },
 *   { when: sql`regarding_type = 'C'`, entity: 'contact', key: sql`regarding_id` },
 * ])
 */
export function crosswalkEither(
  arms: { when?: Sql; entity: string; key: Sql | [Sql, ...Sql[]] }[],
  options: { later?: boolean; whenMissing?: 'block' | 'null' } = {},
): FieldMapping {
  return {
    kind: 'crosswalk',
    arms: arms.map((arm): ReferenceArm => ({
      entity: arm.entity,
      key: Array.isArray(arm.key) ? arm.key : [arm.key],
      ...(arm.when ? { when: arm.when } : {}),
    })),
    later: options.later ?? false,
    whenMissing: options.whenMissing ?? 'block',
  };
}

/** In the lines of a document: a reference to the document's own header. */
export function header(): FieldMapping {
  return { kind: 'header' };
}

function mappingFrom(source: FieldSource): FieldMapping {
  if (source.kind === 'sql') return { kind: 'value', sql: source };
  if (source.kind === 'lookup') {
    return source.of === 'target'
      ? { kind: 'targetKey', lookup: source }
      : { kind: 'value', sql: { kind: 'sql', parts: [source] } };
  }
  return source;
}

function mappingsFrom(fields: Record<string, FieldSource | undefined>): Record<string, FieldMapping> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([field, source]) => (source ? [[field, mappingFrom(source)]] : [])),
  );
}

/**
 * A rule that a row must not break; it becomes a reject when the expression is FALSE (TRUE and NULL pass, as in SQL's
 * CHECK). `on: 'source'` sees the source's columns, `on: 'ready'` (the default) the mapped fields.
 */
export function check(
  name: string,
  expression: Sql,
  options: { on?: 'source' | 'ready'; field?: string; hint?: string } = {},
): Check {
  return {
    name,
    on: options.on ?? 'ready',
    sql: expression,
    hint: options.hint ?? '',
    ...(options.field === undefined ? {} : { field: options.field }),
  };
}

/** Rows that stay behind on purpose, with the reason that the owner will read in the report. */
export function leaveBehind(name: string, when: Sql, reason: string): LeaveRule {
  return { name, when, reason };
}

/** Bytes that belong to a row, moved as a stream into a file property of the target. */
export function attachments(options: {
  content: string;
  property: string;
  fileName: Sql;
  maxBytes?: number;
}): Attachments {
  return options;
}

interface PartOptions<S extends Shape> {
  title?: string;
  from: TableSource;
  to: TypedCollection<S>;
  /** The row's key in Landfall's own terms, as the target will carry it in its legacy key property. */
  legacyKey: Sql;
  fields: FieldsFor<S>;
  checks?: Check[];
  leave?: LeaveRule[];
}

/** The lines of a document: held back and loaded together with their header. */
export function lines<const S extends Shape>(
  name: string,
  options: PartOptions<S> & { headerKey: [string, ...string[]] },
): Lines {
  return {
    name,
    title: options.title ?? name,
    from: options.from,
    to: options.to,
    legacyKey: options.legacyKey,
    fields: mappingsFrom(options.fields),
    checks: options.checks ?? [],
    leave: options.leave ?? [],
    headerKey: options.headerKey,
  };
}

/**
 * One business object and its way from source to target.
 *
 * @example
 * entity('organisation', {
 *   from: table('crm.organisation', { key: ['org_id'] }),
 *   to: collection('accounts', { id: 'accountid', legacyKey: 'crm_legacyid', shape: { name: text(160) } }),
 *   legacyKey: sql`'ORG-' || org_id`,
 *   fields: { name: sql`trim(name)` },
 * })
 */
export function entity<const S extends Shape>(
  name: string,
  options: PartOptions<S> & {
    /** One ready row for all source rows that share this value: merges, deduplication, survivorship. */
    keyedBy?: Sql;
    lines?: Lines;
    attachments?: Attachments;
    consistency?: Consistency;
    rejectLimit?: number;
    chunkRows?: number;
    /** Entities to load first although no field refers to them. */
    after?: string[];
  },
): Entity {
  return {
    name,
    title: options.title ?? name,
    from: options.from,
    to: options.to,
    legacyKey: options.legacyKey,
    fields: mappingsFrom(options.fields),
    checks: options.checks ?? [],
    leave: options.leave ?? [],
    consistency: options.consistency ?? 'snapshot',
    rejectLimit: options.rejectLimit ?? 0.05,
    after: options.after ?? [],
    ...(options.keyedBy ? { keyedBy: options.keyedBy } : {}),
    ...(options.lines ? { lines: options.lines } : {}),
    ...(options.attachments ? { attachments: options.attachments } : {}),
    ...(options.chunkRows === undefined ? {} : { chunkRows: options.chunkRows }),
  };
}

interface SideOptions {
  of: string;
  where?: string;
  by?: Record<string, string>;
}

function side(options: SideOptions, measure: ControlSide['measure']): ControlSide {
  return {
    of: options.of,
    by: options.by ?? {},
    measure,
    ...(options.where === undefined ? {} : { where: options.where }),
  };
}

interface ControlOptions<Side> {
  title?: string;
  unit?: string;
  source?: Side;
  target: Side;
  /** The value the figure must have in the target, where there is no source side. */
  expected?: string | number;
}

function control<Side extends SideOptions>(
  name: string,
  options: ControlOptions<Side>,
  unit: string,
  measure: (side: Side) => ControlSide['measure'],
): Control {
  return {
    name,
    title: options.title ?? name,
    unit: options.unit ?? unit,
    target: side(options.target, measure(options.target)),
    ...(options.source ? { source: side(options.source, measure(options.source)) } : {}),
    ...(options.expected === undefined ? {} : { expected: String(options.expected) }),
  };
}

/**
 * Counts rows by group on both sides. Each side's expressions are over its own columns, written anew.
 *
 * @example
 * count('members-by-category', {
 *   source: { of: 'organisation', by: { category: `CASE upper(trim(category)) WHEN 'MS' THEN 'Member State' END` } },
 *   target: { of: 'organisation', by: { category: `CASE crm_category WHEN 1 THEN 'Member State' END` } },
 * })
 */
export function count(name: string, options: ControlOptions<SideOptions & { distinct?: string }>): Control {
  return control(name, options, 'rows', (from) =>
    from.distinct === undefined ? { kind: 'count' } : { kind: 'countDistinct', of: from.distinct },
  );
}

/** Sums an exact expression by group on both sides, at a stated number of digits after the point. */
export function sum(
  name: string,
  options: ControlOptions<SideOptions & { of: string; value: string }> & { scale: number },
): Control {
  return control(name, options, 'units', (from) => ({ kind: 'sum', of: from.value, scale: options.scale }));
}

/** Reference data from a CSV file beside the blueprint; its rows become part of the plan. */
export function csv(file: string): LookupTable {
  return { kind: 'csv', file };
}

/** Reference data written in the blueprint itself. */
export function rows(data: Record<string, string>[]): LookupTable {
  return { kind: 'rows', rows: data };
}

/**
 * The description of one legacy system's move. A blueprint file's default export.
 *
 * @throws LandfallError `blueprint.invalid` naming the entity and field that is wrong
 */
export function blueprint(
  name: string,
  options: {
    title?: string;
    lookups?: Record<string, LookupTable>;
    entities: [Entity, ...Entity[]];
    controls?: Control[];
  },
): Blueprint {
  const parsed = Blueprint.safeParse({
    name,
    title: options.title ?? name,
    lookups: options.lookups ?? {},
    entities: options.entities,
    controls: options.controls ?? [],
  });
  if (parsed.success) return parsed.data;
  throw invalidBlueprint(name, options.entities, parsed.error);
}

function invalidBlueprint(name: string, entities: Entity[], error: z.ZodError): LandfallError {
  const issue = error.issues[0];
  const path = issue?.path ?? [];
  const at = path[0] === 'entities' && typeof path[1] === 'number' ? entities[path[1]] : undefined;
  const field = path.indexOf('fields') >= 0 ? path[path.indexOf('fields') + 1] : undefined;
  return new LandfallError({
    code: 'blueprint.invalid',
    kind: 'permanent',
    what: `Blueprint ${name} is not valid at ${path.join('.') || 'its top'}: ${issue?.message ?? 'unknown'}.`,
    where: {
      blueprint: name,
      ...(at ? { entity: at.name } : {}),
      ...(field === undefined ? {} : { field: String(field) }),
    },
    hint: 'Mend the blueprint file and run `landfall check` again.',
  });
}
