import { z } from 'zod';
import { literal } from '../model/sql.ts';
import type { DuckJob } from './duckdb/job.ts';

/** An expression as DuckDB's own parser sees it (`json_serialize_sql`). */
export interface SqlNode {
  class: string;
  type: string;
  [property: string]: unknown;
}

const Statement = z.looseObject({ node: z.looseObject({ type: z.string() }), named_param_map: z.array(z.unknown()) });
const Serialised = z.union([
  z.looseObject({ error: z.literal(true), error_message: z.string() }),
  z.looseObject({ error: z.literal(false), statements: z.array(Statement) }),
]);
export type Statement = z.infer<typeof Statement>;

export type Parsed = { tree: SqlNode; statement: Statement } | { refused: string };

/** Parts of a SELECT that must be absent, or as given, for it to be one expression and nothing else. */
const bare: Record<string, unknown> = {
  modifiers: [],
  cte_map: { map: [] },
  where_clause: null,
  group_expressions: [],
  group_sets: [],
  aggregate_handling: 'STANDARD_HANDLING',
  having: null,
  sample: null,
  qualify: null,
};

type Tree = z.infer<typeof Serialised>;

async function serialised(job: DuckJob, texts: readonly string[]): Promise<Tree[]> {
  const list = texts.map((text) => literal(text)).join(', ');
  const rows = await job.all(
    `SELECT CAST(json_serialize_sql(text) AS VARCHAR) AS json
     FROM (SELECT unnest([${list}]) AS text, unnest(range(${texts.length})) AS n) ORDER BY n`,
    z.object({ json: z.string() }),
  );
  // Positions may be 2^64 − 1, which JavaScript's numbers cannot hold, and mean nothing in a tree that is taken apart.
  const without = (name: string, value: unknown): unknown => (name === 'query_location' ? undefined : value);
  return rows.map(({ json }) => Serialised.parse(JSON.parse(json, without)));
}

/** Parses what must each be one SQL expression, as it is and as it will be used: in parentheses. */
export async function parseExpressions(job: DuckJob, sqls: readonly string[]): Promise<Parsed[]> {
  if (sqls.length === 0) return [];
  const trees = await serialised(
    job,
    sqls.flatMap((sql) => [`SELECT ${sql}`, `SELECT (${sql})`]),
  );
  return sqls.map((sql, n) => {
    const [bareOne, bracketed] = trees.slice(n * 2, n * 2 + 2);
    if (!bareOne || !bracketed) return { refused: 'there is no expression' };
    const asItIs = expressionIn(bareOne);
    if ('refused' in asItIs) return asItIs;
    const asUsed = expressionIn(bracketed);
    const comment = 'refused' in asUsed && bracketed.error && sql.includes('--');
    return comment ? { refused: 'a comment runs into what follows the expression' } : asUsed;
  });
}

function expressionIn(found: Tree): Parsed {
  if (found.error) return { refused: found.error_message };
  const [statement, ...more] = found.statements;
  const node = statement?.node;
  if (!statement || !node || more.length > 0) return { refused: 'there is more than one statement' };
  const list: unknown = node['select_list'];
  const onlyExpression =
    node.type === 'SELECT_NODE' &&
    isNode(node['from_table'], 'EMPTY') &&
    Object.entries(bare).every(([name, value]) => JSON.stringify(node[name]) === JSON.stringify(value));
  if (!onlyExpression || !Array.isArray(list) || list.length !== 1) {
    return { refused: 'it is more than one expression: a list, or a whole query' };
  }
  const tree: unknown = list[0];
  return isNode(tree) ? { tree, statement } : { refused: 'there is no expression' };
}

function isNode(value: unknown, type?: string): value is SqlNode {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  return type === undefined ? 'class' in value && typeof value.class === 'string' : value.type === type;
}

/** The expressions directly below a node, whichever property holds them. A subquery counts as one node of its own. */
export function childrenOf(node: SqlNode): SqlNode[] {
  const below = (value: unknown): SqlNode[] => {
    if (isNode(value)) return [value];
    if (Array.isArray(value)) return value.flatMap(below);
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(below) : [];
  };
  return Object.entries(node).flatMap(([name, value]) => (name === 'value' ? [] : below(value)));
}

/** The parameters' names of a lambda. */
export function lambdaParameters(lambda: SqlNode): string[] {
  const left = lambda['lhs'];
  if (!isNode(left)) return [];
  const columns = left.class === 'COLUMN_REF' ? [left] : childrenOf(left);
  return columns.flatMap((column) => namesOf(column).slice(0, 1));
}

/** The parts of a column reference's name. */
export function namesOf(column: SqlNode): string[] {
  return z.array(z.string()).parse(column['column_names'] ?? []);
}

/**
 * DuckDB's types of expressions over a relation.
 *
 * @throws LandfallError `duckdb.failed` when one of them does not bind
 */
export async function typesOf(
  job: DuckJob,
  statement: Statement,
  expressions: readonly SqlNode[],
  relation: string,
): Promise<Map<SqlNode, string>> {
  if (expressions.length === 0) return new Map();
  const list = expressions.map((node, n) => ({ ...node, alias: `e${n}` }));
  const document = { error: false, statements: [{ ...statement, node: { ...statement.node, select_list: list } }] };
  const { text } = await job.one(
    `SELECT json_deserialize_sql(${literal(JSON.stringify(document, withoutLostDigits))}) AS text`,
    z.object({ text: z.string() }),
  );
  const types = await job.describe(`${text} FROM ${relation}`);
  return new Map(expressions.map((node, n) => [node, types.get(`e${n}`) ?? 'UNKNOWN']));
}

/**
 * Constants that JavaScript's numbers cannot carry back to DuckDB stand as others of their type: only types are asked for.
 */
function withoutLostDigits(this: unknown, _name: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  // Large enough to be written with an exponent, without which it would be read as a decimal.
  if (isFloating(this)) return 1e300;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? 1 : value;
}

function isFloating(constant: unknown): boolean {
  const type = z.object({ type: z.object({ id: z.enum(['DOUBLE', 'FLOAT']) }) });
  return type.safeParse(constant).success;
}

/** Whether an arrow or `lambda` is a function's argument; elsewhere the arrow takes a member of a JSON document. */
export function isLambda(node: SqlNode, above: SqlNode | undefined): boolean {
  return (
    node.class === 'LAMBDA' &&
    above?.class === 'FUNCTION' &&
    takesLambda.has(String(above['function_name']).toLowerCase())
  );
}

const takesLambda: ReadonlySet<string> = new Set([
  'apply',
  'array_apply',
  'array_filter',
  'array_reduce',
  'array_transform',
  'filter',
  'list_apply',
  'list_filter',
  'list_reduce',
  'list_transform',
  'reduce',
]);
