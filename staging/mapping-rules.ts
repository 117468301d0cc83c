/** A finding's fixed part; what and where are added where it is found. */
export interface Rule {
  hint: string;
  severity: 'error' | 'warning';
}

/** What mapping SQL may not do, or had better not. The codes are documented and safe to match on. */
export const rules = {
  'mapping.syntax': {
    severity: 'error',
    hint: 'A mapping is one SQL expression, as between SELECT and FROM: no semicolon, no `AS`, no `--`.',
  },
  'mapping.subquery': {
    severity: 'error',
    hint: 'Use `lookup()` for reference data and `crosswalk()` for keys of other entities.',
  },
  'mapping.rows': {
    severity: 'error',
    hint: 'A mapping gives one value for a row: describe what becomes several rows as lines of the entity.',
  },
  'mapping.star': { severity: 'error', hint: 'Name the columns, so that lineage and the workbook can show them.' },
  'mapping.qualified': {
    severity: 'error',
    hint: 'Write the function before its argument and without a schema: `upper(name)`, not `name.upper()`.',
  },
  'mapping.unknown-column': { severity: 'error', hint: 'Name a column that the entity reads.' },
  'mapping.unknown-function': { severity: 'error', hint: 'Use a function of DuckDB or of Landfall.' },
  'mapping.type': { severity: 'error', hint: 'Make the types meet; the message is DuckDB’s.' },
  'mapping.raises': {
    severity: 'error',
    hint: 'It fails on a row of NULLs already. Mend the argument; for data that does not fit, give NULL or write a check.',
  },
  'mapping.not-repeatable': {
    severity: 'error',
    hint: 'A transform must give the same bytes when it is done again: take times, numbers and ids from the source.',
  },
  'mapping.error-call': {
    severity: 'error',
    hint: 'An error stops the chunk. Give NULL, or write a check: it holds back the row and says why.',
  },
  'mapping.aggregate': { severity: 'error', hint: 'This entity works row by row; `keyedBy` makes one row of several.' },
  'mapping.window': {
    severity: 'error',
    hint: 'A window sees only the rows of its chunk, so its result depends on how the rows are cut: use `keyedBy` and an aggregate with ORDER BY.',
  },
  'mapping.order': { severity: 'error', hint: 'Say in which order: `first(name ORDER BY changed_at DESC, id)`.' },
  'mapping.order-ties': {
    severity: 'error',
    hint: 'Rows that tie come in any order: end the ORDER BY with the source’s key columns, or with the value itself.',
  },
  'mapping.approximate': {
    severity: 'error',
    hint: 'Its result depends on the order of the rows and cannot be ordered: use an exact aggregate.',
  },
  'mapping.float': {
    severity: 'error',
    hint: 'Use `div(x, y, scale, rounding)` for division and averages, `exact_decimal(x, digits)` for a column that is a floating-point number.',
  },
  'mapping.cast-rounds': {
    severity: 'error',
    hint: 'The cast rounds in silence: say so with `round()`, or leave the value for the field’s type to judge.',
  },
  'mapping.cast-text': {
    severity: 'warning',
    hint: 'A cast of text stops the chunk at the first one that does not fit, and rounds decimals: leave it to the field’s type, which holds back the row, or use `exact_decimal(x, digits)` or `try_strptime()`.',
  },
} as const satisfies Record<string, Rule>;

export type RuleCode = keyof typeof rules;

/**
 * Functions whose result depends on more than their arguments although DuckDB's catalogue calls them consistent: the
 * clock, the session, the physical form of a vector, or, for `hash`, the version of DuckDB.
 */
export const notRepeatable: ReadonlySet<string> = new Set([
  'alias',
  'combine',
  'constant_or_null',
  'current_localtime',
  'current_localtimestamp',
  'current_setting',
  'finalize',
  'getvariable',
  'hash',
  'json_execute_serialized_sql',
  'vector_type',
  'version',
]);

/** What SQL writes like a column, and means the clock or the session. */
export const sessionNames: ReadonlySet<string> = new Set([
  'current_catalog',
  'current_date',
  'current_role',
  'current_schema',
  'current_time',
  'current_timestamp',
  'current_user',
  'localtime',
  'localtimestamp',
  'session_user',
  'user',
]);

/** Aggregates whose result depends on the order of their input. */
export const orderDependent: ReadonlySet<string> = new Set([
  'any_value',
  'arbitrary',
  'arg_max',
  'arg_max_null',
  'arg_max_nulls_last',
  'arg_min',
  'arg_min_null',
  'arg_min_nulls_last',
  'argmax',
  'argmin',
  'array_agg',
  'first',
  'group_concat',
  'last',
  'list',
  'listagg',
  'max_by',
  'min_by',
  'string_agg',
]);

/** Aggregates that depend on the order of their input, or on chance, and take no ORDER BY that would help. */
export const approximate: ReadonlySet<string> = new Set([
  'approx_count_distinct',
  'approx_quantile',
  'approx_top_k',
  'mode',
  'reservoir_quantile',
]);

/** Sorting a list by its values gives it the order that gathering it did not. */
export const sorting: ReadonlySet<string> = new Set([
  'array_reverse_sort',
  'array_sort',
  'list_reverse_sort',
  'list_sort',
]);

/** What the parser makes of `INTERVAL (n) DAY`: it goes through DOUBLE and back, without losing anything. */
export const intervalOf =
  /^to_(?:years|months|days|hours|minutes|seconds|weeks|quarters|decades|centuries|millennia|milliseconds|microseconds)$/;
