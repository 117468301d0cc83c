import { z } from 'zod';

/** What a mapping does with a value that its reference data does not know. */
export const OnMiss = z.enum(['reject', 'null']);
export type OnMiss = z.infer<typeof OnMiss>;

/**
 * A piece of mapping SQL: one expression over the columns of the staged row, in DuckDB's dialect, with reference data
 * looked up by name. Data only, so that it can be frozen in a plan, printed in a workbook and checked before a run.
 */
export interface Sql {
  kind: 'sql';
  parts: SqlPart[];
}

/** Reference data shipped with the blueprint (`lookup`) or snapshotted from the target (`targetLookup`). */
export interface Lookup {
  kind: 'lookup';
  /** `blueprint`: a table in the blueprint's `lookups`; `target`: a collection of the target, staged when a run starts. */
  of: 'blueprint' | 'target';
  table: string;
  match: string;
  take: string;
  key: Sql;
  onMiss: OnMiss;
}

export type SqlPart = string | Sql | Lookup;

const SqlPartSchema: z.ZodType<SqlPart> = z.lazy(() => z.union([z.string(), SqlSchema, LookupSchema]));
export const SqlSchema: z.ZodType<Sql> = z.strictObject({ kind: z.literal('sql'), parts: z.array(SqlPartSchema) });
export const LookupSchema: z.ZodType<Lookup> = z.strictObject({
  kind: z.literal('lookup'),
  of: z.enum(['blueprint', 'target']),
  table: z.string(),
  match: z.string(),
  take: z.string(),
  key: SqlSchema,
  onMiss: OnMiss,
});

/** Writes a value as a SQL literal. */
export function literal(value: string | number | bigint | boolean | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('a literal must be a finite number');
  return String(value);
}

/** Writes a name as a quoted SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A mapping expression. Interpolated strings, numbers and booleans become literals; other fragments nest.
 *
 * @example
 * name: sql`trim(name)`
 * country: sql`coalesce(${lookup('countries', sql`upper(country)`)}, 'XX')`
 */
export function sql(
  text: TemplateStringsArray,
  ...values: readonly (Sql | Lookup | string | number | bigint | boolean | null)[]
): Sql {
  const parts: SqlPart[] = [];
  text.raw.forEach((piece, index) => {
    if (piece !== '') parts.push(piece);
    if (index < values.length) {
      const value = values[index];
      if (value === undefined) throw new TypeError('sql`…`: an interpolated value is undefined');
      parts.push(typeof value === 'object' && value !== null ? value : literal(value));
    }
  });
  return { kind: 'sql', parts };
}

/** A SQL expression from text that was computed, for example in a loop over columns. Trusts its author. */
export function rawSql(text: string): Sql {
  return { kind: 'sql', parts: [text] };
}

/**
 * Reference data of the blueprint: finds the row of `lookups.<table>` whose `match` column equals the key.
 * A key that is not NULL and is not found rejects the row under the rule `lookup.<table>`, unless `onMiss` is `null`.
 *
 * @example country: lookup('countries', sql`upper(trim(country))`, { match: 'alias', take: 'iso2' })
 */
export function lookup(
  table: string,
  key: Sql,
  options: { match?: string; take?: string; onMiss?: OnMiss } = {},
): Lookup {
  return {
    kind: 'lookup',
    of: 'blueprint',
    table,
    match: options.match ?? 'key',
    take: options.take ?? 'value',
    key,
    onMiss: options.onMiss ?? 'reject',
  };
}

/**
 * Reference data of the target, read once when the run starts and staged: for example the target's own list of
 * countries, whose keys the target assigned.
 *
 * @example crm_country: targetLookup('countries', { match: 'iso2', take: 'countryid' }, sql`iso2`)
 */
export function targetLookup(
  collection: string,
  columns: { match: string; take: string; onMiss?: OnMiss },
  key: Sql | Lookup,
): Lookup {
  return {
    kind: 'lookup',
    of: 'target',
    table: collection,
    match: columns.match,
    take: columns.take,
    key: key.kind === 'sql' ? key : { kind: 'sql', parts: [key] },
    onMiss: columns.onMiss ?? 'reject',
  };
}

/** How an exact division rounds. */
export type Rounding = 'half_up' | 'half_even' | 'down';

/**
 * Exact division of decimals: DuckDB's `/` gives a DOUBLE, which mappings may not use for amounts.
 *
 * @param scale digits after the point in the result
 * @example price: div(sql`amount`, sql`quantity`, 6, 'half_even')
 */
export function div(x: Sql, y: Sql, scale: number, rounding: Rounding = 'half_even'): Sql {
  return sql`div(${x}, ${y}, ${scale}, ${rounding})`;
}

/** Every lookup in an expression, innermost first. */
export function lookupsIn(expression: Sql): Lookup[] {
  return expression.parts.flatMap((part) => {
    if (typeof part === 'string') return [];
    return part.kind === 'sql' ? lookupsIn(part) : [...lookupsIn(part.key), part];
  });
}

/** The text of an expression, with each lookup replaced by what `nameOf` calls it. */
export function textOf(expression: Sql, nameOf: (lookup: Lookup) => string): string {
  return expression.parts
    .map((part) => {
      if (typeof part === 'string') return part;
      return part.kind === 'sql' ? textOf(part, nameOf) : nameOf(part);
    })
    .join('');
}

/**
 * A text as a value of a type, in SQL. DuckDB 1.5 needs 12 µs to read a text as a decimal of more than 18 digits, and a
 * hundredth of that for one of fewer: so a short text without an exponent is read as such a one,
 * which holds every digit of it.
 *
 * @param type a DuckDB type
 * @param cast `TRY_CAST` where a text that is none is to be NULL
 */
export function textAs(type: string, text: string, cast: 'CAST' | 'TRY_CAST' = 'CAST'): string {
  const [, precision, scale] = /^DECIMAL\((\d+), ?(\d+)\)$/.exec(type) ?? [];
  const whole = 18 - Number(scale ?? 18);
  if (Number(precision ?? 0) <= 18 || whole < 3) return `${cast}(${text} AS ${type})`;
  const short = `CAST(${cast}(${text} AS DECIMAL(18, ${scale})) AS ${type})`;
  const isShort = `length(${text}) <= ${whole} AND NOT contains(lower(${text}), 'e')`;
  return `CASE WHEN ${isShort} THEN ${short} ELSE ${cast}(${text} AS ${type}) END`;
}

/** An instant as the time it is in UTC, without a zone. Of one that is finite no calendar is asked, as `timezone` does. */
export function timeInUtc(instant: string): string {
  return `coalesce(make_timestamp(epoch_us(${instant})), timezone('UTC', ${instant}))`;
}

/** An instant as DuckDB writes it in UTC: `2026-03-01 10:00:00.5+00`. Of one that is finite no calendar is asked. */
export function instantText(instant: string): string {
  return `coalesce(CAST(make_timestamp(epoch_us(${instant})) AS VARCHAR) || '+00', CAST(${instant} AS VARCHAR))`;
}
