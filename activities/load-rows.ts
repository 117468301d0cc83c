import { z } from 'zod';
import type { TargetReference, TargetRow } from '../connectors/port.ts';
import type { Entity, Part } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import { identifier, literal } from '../model/sql.ts';
import type { Staging } from '../staging/index.ts';
import type { Manifest } from '../staging/manifest.ts';
import { relationOf } from '../staging/rows.ts';
import { digestOf } from '../staging/sealed.ts';
import { bodyJson } from './body.ts';
import { crosswalkFile } from './crosswalk.ts';
import { entityOf, roleOf } from './parts.ts';
import { inputsOf } from './transform.ts';

/** A ready row as it comes out of DuckDB, with its references resolved. */
export const LoadRow = z.looseObject({
  _key: z.string(),
  header: z.string().nullable(),
  body: z.string(),
  target: z.string().nullable(),
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

function targetKeys(part: Part): { field: string; collection: string }[] {
  return Object.entries(part.fields).flatMap(([field, mapping]) =>
    mapping.kind === 'targetKey' ? [{ field, collection: mapping.lookup.table }] : [],
  );
}

/** Ready rows with every reference joined to the crosswalk of the entity that it points at. */
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
      joins.push(
        `LEFT JOIN ${crosswalks.get(entity) ?? ''} ${alias} ON q.${identifier(`${field}$entity`)} = ${literal(entity)} AND q.${identifier(field)} = ${alias}._source`,
      );
      return `${alias}.target`;
    });
    columns.push(
      `q.${identifier(field)} IS NOT NULL AS ${identifier(`has:${field}`)}`,
      `q.${identifier(`${field}$entity`)} AS ${identifier(`entity:${field}`)}`,
      `${aliases.length === 0 ? 'NULL' : `coalesce(${aliases.join(', ')}, NULL)`} AS ${identifier(`to:${field}`)}`,
    );
  }
  for (const { field } of targetKeys(part)) columns.push(`q.${identifier(field)} AS ${identifier(`to:${field}`)}`);
  const head = 'headerKey' in part ? 'q._header' : 'NULL';
  return `SELECT q._key AS _key, CAST(${head} AS VARCHAR) AS header, ${bodyJson(part, 'q')} AS body,
    ${['CAST(NULL AS VARCHAR) AS target', ...columns].join(', ')} FROM ${ready} q ${joins.join(' ')}`;
}

export interface Prepared {
  row: TargetRow;
  /** A digest of all that is sent. */
  sent: string;
  blocked: string | null;
  dropped: string[];
}

export function textOf(row: LoadRow, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

/** A row as the target gets it, and what keeps it from going. */
export function prepare(part: Part, references: readonly Reference[], row: LoadRow): Prepared {
  const bound: TargetReference[] = [];
  const dropped: string[] = [];
  let blocked: string | null = null;
  for (const { field, collections, whenMissing } of references) {
    const entity = textOf(row, `entity:${field}`) ?? '';
    const collection = collections.get(entity) ?? [...collections.values()][0] ?? '';
    const key = textOf(row, `to:${field}`);
    if (key === null && row[`has:${field}`] === true) {
      if (whenMissing === 'block') blocked ??= field;
      else dropped.push(field);
    }
    bound.push({ field, collection, targetKey: key });
  }
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
  const sent = digestOf(JSON.stringify([row.header, row.body, bound])).slice(0, 32);
  return { row: { legacyKey: row._key, body: row.body, references: bound }, sent, blocked, dropped };
}

/** Crosswalk relations of a job, by entity; their files are among what the job may read. */
export async function crosswalksOf(
  staging: Staging,
  digests: Record<string, string>,
): Promise<{ relations: Map<string, string>; files: string[] }> {
  const relations = new Map<string, string>();
  const files: string[] = [];
  for (const [entity, digest] of Object.entries(digests)) {
    const file = await crosswalkFile(staging, entity, digest);
    relations.set(entity, relationOf([file]));
    files.push(file.local);
  }
  return { relations, files };
}

/** The ready rows of a part in one chunk, restricted fields joined in. */
export async function readyRelation(
  staging: Staging,
  entity: Entity,
  part: Part,
  manifest: Manifest,
): Promise<{ relation: string; files: string[] }> {
  const rows = await inputsOf(staging, [manifest], roleOf(entity, part, 'rows'));
  const side = await inputsOf(staging, [manifest], roleOf(entity, part, 'restricted'));
  const files = [...rows, ...side].map((input) => input.local);
  const main = relationOf(rows);
  const relation = side.length === 0 ? main : `(SELECT * FROM ${main} m JOIN ${relationOf(side)} r USING (_key))`;
  return { relation, files };
}
