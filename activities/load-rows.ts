import { z } from 'zod';
import type { TargetReference, TargetRow } from '../connectors/port.ts';
import type { Entity, Part } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import { identifier, literal } from '../model/sql.ts';
import type { Staging } from '../staging/index.ts';
import type { Manifest } from '../staging/manifest.ts';
import { relationOf } from '../staging/rows.ts';
import { bodyJson } from './body.ts';
import { crosswalkFile, crosswalkJoin } from './crosswalk.ts';
import { entityOf, roleOf } from './parts.ts';
import { inputsOf } from './transform.ts';

/** A ready row as it comes out of DuckDB, with its references resolved. */
export const LoadRow = z.looseObject({
  _key: z.string(),
  header: z.string().nullable(),
  body: z.string(),
});
export type LoadRow = z.infer<typeof LoadRow>;

export interface Reference {
  field: string;
  /** Entity pointed at to its collection. */
  collections: Map<string, string>;
  whenMissing: 'block' | 'null';
}

/** References of a part that are set in this pass. */
export function referencesIn(plan: Plan, part: Part, later: boolean): Reference[] {
  return Object.entries(part.fields).flatMap(([field, mapping]) => {
    if (mapping.kind !== 'crosswalk' || mapping.later !== later) return [];
    const collections = new Map(
      mapping.arms.map((arm) => [arm.entity, entityOf(plan, arm.entity).to.collection] as const),
    );
    return [{ field, collections, whenMissing: mapping.whenMissing }];
  });
}

export function targetKeys(part: Part): { field: string; collection: string }[] {
  return Object.entries(part.fields).flatMap(([field, mapping]) =>
    mapping.kind === 'targetKey' ? [{ field, collection: mapping.lookup.table }] : [],
  );
}

/** Ready rows with every reference joined to the crosswalk of the entity that it points at: `has:`, `entity:` and `to:` it. */
export function resolved(
  part: Part,
  references: readonly Reference[],
  crosswalks: ReadonlyMap<string, string>,
  ready: string,
): string {
  const joins: string[] = [];
  const columns: string[] = [];
  for (const { field, collections } of references) {
    const arms = [...collections.keys()].filter((entity) => crosswalks.has(entity));
    const aliases = arms.map((entity, i) => {
      const alias = identifier(`x:${field}:${i}`);
      joins.push(crosswalkJoin(crosswalks.get(entity) ?? '', alias, { field, entity }));
      return `${alias}.target`;
    });
    columns.push(
      `q.${identifier(field)} IS NOT NULL AS ${identifier(`has:${field}`)}`,
      `q.${identifier(`${field}$entity`)} AS ${identifier(`entity:${field}`)}`,
      `${aliases.length === 0 ? 'CAST(NULL AS VARCHAR)' : `coalesce(${aliases.join(', ')}, NULL)`} AS ${identifier(`to:${field}`)}`,
    );
  }
  for (const { field } of targetKeys(part)) columns.push(`q.${identifier(field)} AS ${identifier(`to:${field}`)}`);
  return `SELECT ${['q.*', ...columns].join(', ')} FROM ${ready} q ${joins.join(' ')}`;
}

/** What documents are made of, of rows whose references are resolved. */
export function documentColumns(part: Part, references: readonly Reference[]): string[] {
  const head = 'headerKey' in part ? '_header' : 'NULL';
  const bound = [
    ...references.flatMap(({ field }) => [`has:${field}`, `entity:${field}`, `to:${field}`]),
    ...targetKeys(part).map(({ field }) => `to:${field}`),
  ];
  return ['_key', `CAST(${head} AS VARCHAR) AS header`, `${bodyJson(part)} AS body`, ...bound.map(identifier)];
}

/** What becomes of a row, in SQL over rows whose references are resolved. */
export interface Fate {
  /** The reference that keeps it from going; NULL: none does. */
  blocked: string;
  /** Fields whose reference is left empty, by the blueprint's own rule. */
  dropped: string;
  /** Whether references of the row wait for a later pass. */
  pending: string;
}

/** @param later the references that wait for a later pass */
export function fateOf(references: readonly Reference[], later: readonly Reference[]): Fate {
  const missing = (whenMissing: Reference['whenMissing']): string[] =>
    references
      .filter((one) => one.whenMissing === whenMissing)
      .map(
        ({ field }) =>
          `CASE WHEN ${identifier(`has:${field}`)} AND ${identifier(`to:${field}`)} IS NULL THEN ${literal(field)} END`,
      );
  return {
    blocked: `coalesce(${['CAST(NULL AS VARCHAR)', ...missing('block')].join(', ')})`,
    dropped: `concat_ws(',', ${['CAST(NULL AS VARCHAR)', ...missing('null')].join(', ')})`,
    pending: later.length === 0 ? 'false' : later.map(({ field }) => `${identifier(field)} IS NOT NULL`).join(' OR '),
  };
}

export function textOf(row: LoadRow, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

/** A row as the target gets it. */
export function prepare(part: Part, references: readonly Reference[], row: LoadRow): TargetRow {
  const bound: TargetReference[] = references.map(({ field, collections }) => {
    const entity = textOf(row, `entity:${field}`) ?? '';
    const collection = collections.get(entity) ?? [...collections.values()][0] ?? '';
    return { field, collection, targetKey: textOf(row, `to:${field}`) };
  });
  for (const { field, collection } of targetKeys(part)) {
    bound.push({ field, collection, targetKey: textOf(row, `to:${field}`) });
  }
  for (const [field, mapping] of Object.entries(part.fields)) {
    if (mapping.kind !== 'header') continue;
    const collection = part.to.shape[field]?.type;
    bound.push({
      field,
      collection: collection?.kind === 'reference' ? (collection.collections[0] ?? '') : '',
      targetKey: null,
      toHeader: true,
    });
  }
  return { legacyKey: row._key, body: row.body, references: bound };
}

/** Crosswalk relations of a job, by entity. */
export async function crosswalksOf(staging: Staging, digests: Record<string, string>): Promise<Map<string, string>> {
  const relations = new Map<string, string>();
  for (const [entity, digest] of Object.entries(digests)) {
    relations.set(entity, relationOf([await crosswalkFile(staging, entity, digest)]));
  }
  return relations;
}

/** The ready rows of a part in one chunk, restricted fields joined in. */
export async function readyRelation(staging: Staging, entity: Entity, part: Part, manifest: Manifest): Promise<string> {
  const rows = await inputsOf(staging, [manifest], roleOf(entity, part, 'rows'));
  const side = await inputsOf(staging, [manifest], roleOf(entity, part, 'restricted'));
  const main = relationOf(rows);
  return side.length === 0 ? main : `(SELECT * FROM ${main} m JOIN ${relationOf(side)} r USING (_key))`;
}
