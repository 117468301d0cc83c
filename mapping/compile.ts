import type { Check, FieldMapping, Lines, Part } from '../model/blueprint.ts';
import type { FieldShape } from '../model/shape.ts';
import { identifier, literal, lookupsIn, textOf, type Lookup, type Sql } from '../model/sql.ts';
import { carefully, caught, failedEntry, plainly, type RawColumn } from './careful.ts';
import { brokenRule, entryOf, fitField, RejectList } from './fit.ts';
import { referenceKey, rowKey } from './keys.ts';

/**
 * A part's mapping as SQL, in the steps that a transform job runs one after the other:
 *
 * 1. `flagged`: the source rows with their lookups, the leave rule they fall under, and the rules they break;
 * 2. `raw`: the mapped values in whatever type the expressions give, one row for each ready row to be;
 * 3. `fitted`: the same in the target's types, with every rule that a row breaks.
 */
export interface CompiledPart {
  part: Part;
  lookups: CompiledLookup[];
  /** @param from relation with the source's columns */
  flagged(from: string): string;
  raw(flagged: string): string;
  /** @param types DuckDB type of each column of `raw` */
  fitted(raw: string, types: ReadonlyMap<string, string>): string;
  /** Columns of the ready row, in order. */
  readyColumns: string[];
}

export interface CompiledLookup {
  lookup: Lookup;
  /** Column that holds what was found. */
  column: string;
  /** Relation with columns `match` and `take`. */
  relation: string;
  /** The field (or rule) that first looks this up. */
  field: string;
}

/** The name of the relation that a lookup reads: one for each table, match column and taken column. */
export function lookupRelation(lookup: Pick<Lookup, 'of' | 'table' | 'match' | 'take'>): string {
  return `lookup:${lookup.of}:${lookup.table}:${lookup.match}:${lookup.take}`;
}

/** The raw column of a field. Prefixed, so that it never hides a source column of the same name. */
function rawName(field: string): string {
  return `f:${field}`;
}

/** The column that says which entity a reference points at. */
export function entityColumn(field: string): string {
  return `${field}$entity`;
}

/** Every expression of a part that is evaluated over source rows. */
export function sourceExpressions(part: Part): { at: string; sql: Sql }[] {
  const fields = Object.entries(part.fields).flatMap(([field, mapping]): { at: string; sql: Sql }[] => {
    switch (mapping.kind) {
      case 'value':
        return [{ at: field, sql: mapping.sql }];
      case 'targetKey':
        return [{ at: field, sql: { kind: 'sql', parts: [mapping.lookup] } }];
      case 'crosswalk':
        return mapping.arms.flatMap((arm) => [
          ...(arm.when ? [{ at: field, sql: arm.when }] : []),
          ...arm.key.map((key) => ({ at: field, sql: key })),
        ]);
      case 'header':
        return [];
    }
  });
  return [
    { at: 'legacyKey', sql: part.legacyKey },
    ...fields,
    ...('keyedBy' in part && part.keyedBy ? [{ at: 'keyedBy', sql: part.keyedBy }] : []),
    ...('attachments' in part && part.attachments ? [{ at: 'attachments', sql: part.attachments.fileName }] : []),
    ...part.leave.map((rule) => ({ at: `leave ${rule.name}`, sql: rule.when })),
    ...part.checks.filter((one) => one.on === 'source').map((one) => ({ at: `check ${one.name}`, sql: one.sql })),
  ];
}

function compileLookups(part: Part): { compiled: CompiledLookup[]; nameOf: (lookup: Lookup) => string } {
  const found = new Map<string, CompiledLookup>();
  for (const { at, sql } of sourceExpressions(part)) {
    for (const lookup of lookupsIn(sql)) {
      const id = JSON.stringify(lookup);
      if (found.has(id)) continue;
      found.set(id, { lookup, column: `lookup:${found.size + 1}`, relation: lookupRelation(lookup), field: at });
    }
  }
  const nameOf = (lookup: Lookup): string => {
    const compiled = found.get(JSON.stringify(lookup));
    if (!compiled) throw new Error(`lookup ${lookup.table} was not compiled`);
    return identifier(compiled.column);
  };
  return { compiled: [...found.values()], nameOf };
}

/** Joins each lookup in turn; inner ones come first, so that an outer key may use what an inner one found. */
function withLookups(from: string, lookups: readonly CompiledLookup[], valueOf: (sql: Sql) => string): string {
  return lookups.reduce(
    (inner, one) =>
      `SELECT s.*, l.take AS ${identifier(one.column)} FROM (${inner}) s LEFT JOIN ${identifier(one.relation)} l ` +
      `ON l."match" = CAST(${valueOf(one.lookup.key)} AS VARCHAR)`,
    `SELECT * FROM ${from}`,
  );
}

function missEntries(lookups: readonly CompiledLookup[], valueOf: (sql: Sql) => string): string[] {
  return lookups
    .filter((one) => one.lookup.onMiss === 'reject')
    .map((one) => {
      const key = valueOf(one.lookup.key);
      const rule = `CASE WHEN ${key} IS NOT NULL AND ${identifier(one.column)} IS NULL THEN ${literal(`lookup.${one.lookup.table}`)} END`;
      return entryOf(rule, one.field, key);
    });
}

function checkEntry(check: Check, text: string): string {
  const rule = `CASE WHEN ${text} IS FALSE THEN ${literal(check.name)} END`;
  return entryOf(rule, check.field ?? null, check.field && check.on === 'ready' ? identifier(check.field) : 'NULL');
}

function listOf(entries: readonly string[]): string {
  return entries.length === 0
    ? `CAST([] AS ${RejectList})`
    : `CAST(list_filter([${entries.join(', ')}], lambda x: x IS NOT NULL) AS ${RejectList})`;
}

/** A broken rule of a field under which the row is not held back already. */
function unlessHeld(field: string, entry: string): string {
  return `CASE WHEN NOT list_contains(list_transform(_bad, lambda b: b.field), ${literal(field)}) THEN ${entry} END`;
}

/** The reference's arms as two expressions: the key pointed at, and the entity it belongs to. */
function armsOf(mapping: Extract<FieldMapping, { kind: 'crosswalk' }>, nameOf: (lookup: Lookup) => string) {
  const when = (arm: (typeof mapping.arms)[number]): string => (arm.when ? `(${textOf(arm.when, nameOf)})` : 'true');
  const pick = (value: (arm: (typeof mapping.arms)[number]) => string): string =>
    `CASE ${mapping.arms.map((arm) => `WHEN ${when(arm)} THEN ${value(arm)}`).join(' ')} END`;
  const key = pick((arm) => referenceKey(arm.key, nameOf));
  return { key, entity: `CASE WHEN (${key}) IS NOT NULL THEN ${pick((arm) => literal(arm.entity))} END` };
}

function rawColumns(part: Part, nameOf: (lookup: Lookup) => string): RawColumn[] {
  return Object.entries(part.fields).flatMap(([field, mapping]): RawColumn[] => {
    const name = rawName(field);
    switch (mapping.kind) {
      case 'value':
        return [{ field, name, sql: textOf(mapping.sql, nameOf) }];
      case 'targetKey':
        return [{ field, name, sql: nameOf(mapping.lookup) }];
      case 'crosswalk': {
        const arms = armsOf(mapping, nameOf);
        return [
          { field, name, sql: arms.key },
          { field, name: rawName(entityColumn(field)), sql: arms.entity },
        ];
      }
      case 'header':
        return [];
    }
  });
}

function shapeOf(part: Part, field: string): FieldShape {
  const shape = part.to.shape[field];
  if (!shape) throw new Error(`${part.name}.${field} is not in the shape of ${part.to.collection}`);
  return shape;
}

function isLines(part: Part): part is Lines {
  return 'headerKey' in part;
}

function keyedBy(part: Part): Sql | undefined {
  return isLines(part) ? undefined : part.keyedBy;
}

/**
 * Compiles a part's mapping. Pure: no database is asked.
 *
 * @param careful each expression by itself, so that one that fails on a row holds back that row, and none beside it. Takes
 *   longer, and wants a job that is `rowByRow`. What is made of a group fails for all even so: TRY takes no aggregates.
 */
export function compilePart(part: Part, careful = false): CompiledPart {
  const { compiled: lookups, nameOf } = compileLookups(part);
  const valueOf = (sql: Sql): string => `${careful ? 'TRY' : ''}(${textOf(sql, nameOf)})`;
  const failures = (expressions: readonly { at: string; sql: Sql }[]): string[] =>
    careful ? expressions.map(({ at, sql }) => failedEntry(at, textOf(sql, nameOf))) : [];
  const group = keyedBy(part);
  const fields = Object.entries(part.fields).filter(([, mapping]) => mapping.kind !== 'header');
  const extra = isLines(part) ? [`${rowKey(part.headerKey)} AS _header_source`] : [];
  const carried = [
    ...(isLines(part) ? ['_header_source'] : []),
    ...(!isLines(part) && part.attachments ? ['_file_name'] : []),
  ];
  const readyColumns = fields.flatMap(([field, mapping]) =>
    mapping.kind === 'crosswalk' ? [field, entityColumn(field)] : [field],
  );

  const key = `CAST((${textOf(part.legacyKey, nameOf)}) AS VARCHAR)`;
  const fileName =
    !isLines(part) && part.attachments ? `CAST((${textOf(part.attachments.fileName, nameOf)}) AS VARCHAR)` : null;
  const mapped: readonly RawColumn[] = [
    { field: 'legacy key', name: '_ready_key', sql: key },
    ...rawColumns(part, nameOf),
    ...(fileName === null ? [] : [{ field: 'attachments', name: '_file_name', sql: fileName }]),
  ];

  return {
    part,
    lookups,
    readyColumns: [...carried, ...readyColumns],

    flagged(from) {
      const leave = part.leave.map((rule) => `WHEN ${valueOf(rule.when)} THEN ${literal(rule.name)}`);
      const checks = part.checks.filter((check) => check.on === 'source');
      const entries = [
        ...failures([
          ...lookups.map((one) => ({ at: one.field, sql: one.lookup.key })),
          ...part.leave.map((rule) => ({ at: `leave ${rule.name}`, sql: rule.when })),
          ...checks.map((check) => ({ at: check.field ?? `check ${check.name}`, sql: check.sql })),
          ...(group ? [{ at: 'keyedBy', sql: group }] : []),
        ]),
        ...missEntries(lookups, valueOf),
        ...checks.map((check) => checkEntry(check, valueOf(check.sql))),
        ...(group ? [entryOf(`CASE WHEN _group IS NULL THEN 'keyed-by.null' END`, null, 'NULL')] : []),
      ];
      const looked = withLookups(from, lookups, valueOf);
      const grouped = group ? `SELECT *, CAST(${valueOf(group)} AS VARCHAR) AS _group FROM (${looked})` : looked;
      return (
        `SELECT *, ${leave.length > 0 ? `CASE ${leave.join(' ')} END` : 'CAST(NULL AS VARCHAR)'} AS _left, ` +
        `${listOf(entries)} AS _bad FROM (${grouped})`
      );
    },

    raw(flagged) {
      const apart = careful && !group;
      const columns = [...extra, ...mapped.map(apart ? carefully : plainly)].join(', ');
      const rows = group
        ? `SELECT list(_key ORDER BY _key) AS _sources, CAST([] AS ${RejectList}) AS _bad, ${columns} ` +
          `FROM ${flagged} WHERE _left IS NULL AND len(_bad) = 0 GROUP BY _group`
        : `SELECT [_key] AS _sources, _bad, ${columns} FROM ${flagged} WHERE _left IS NULL`;
      return apart ? caught(rows, mapped) : rows;
    },

    fitted(raw, types) {
      const typeOf = (column: string): string => types.get(column) ?? 'VARCHAR';
      const fits = fields.map(([field]) => {
        const column = rawName(field);
        return {
          field,
          raw: identifier(column),
          fit: fitField(shapeOf(part, field), identifier(column), typeOf(column)),
        };
      });
      const entries = [
        // A field that a lookup or a check on the source has held back already is not reported once more as empty.
        unlessHeld(
          'legacy key',
          brokenRule('legacy key', [{ rule: 'legacy-key.null', when: '_ready_key IS NULL' }], 'NULL'),
        ),
        ...fits.map((one) => unlessHeld(one.field, brokenRule(one.field, one.fit.rules, one.raw))),
      ];
      const values = [
        ...carried,
        ...fits.map((one) => `${one.fit.value} AS ${identifier(one.field)}`),
        ...fields
          .filter(([, mapping]) => mapping.kind === 'crosswalk')
          .map(([field]) => {
            const column = entityColumn(field);
            return `${identifier(rawName(column))} AS ${identifier(column)}`;
          }),
      ];
      const inner =
        `SELECT _ready_key AS _key, _sources, list_concat(_bad, ${listOf(entries)}) AS _bad` +
        `${values.length > 0 ? `, ${values.join(', ')}` : ''} FROM ${raw}`;
      const checks = part.checks.filter((check) => check.on === 'ready');
      const broken = [
        ...failures(checks.map((check) => ({ at: check.field ?? `check ${check.name}`, sql: check.sql }))),
        ...checks.map((check) => checkEntry(check, valueOf(check.sql))),
      ];
      return broken.length === 0
        ? inner
        : `SELECT * REPLACE (list_concat(_bad, ${listOf(broken)}) AS _bad) FROM (${inner})`;
    },
  };
}
