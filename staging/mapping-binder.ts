import { LandfallError } from '../model/errors.ts';
import { identifier } from '../model/sql.ts';
import type { DuckJob } from './duckdb/job.ts';
import { childrenOf, isLambda, typesOf, type SqlNode, type Statement } from './sql-tree.ts';

/** An expression in which nothing was found that keeps it from being bound. */
export interface Standing {
  sql: string;
  tree: SqlNode;
  statement: Statement;
  /** Whether a node is an aggregate, or has one below it. */
  holds(node: SqlNode): boolean;
}

/** What DuckDB's binder, and a row of NULLs, say of an expression. */
export type Bound = { types: Map<SqlNode, string>; raised: string | null } | { refused: string };

/**
 * Asks DuckDB's binder for types, and tries the expressions on a row of NULLs: all at once, and one by one only where
 * something is wrong with one of them.
 */
export async function bindAll(
  job: DuckJob,
  of: readonly Standing[],
  columns: ReadonlyMap<string, string>,
): Promise<Map<Standing, Bound>> {
  const [first] = of;
  if (!first) return new Map();
  const list = [...columns].map(([name, type]) => `CAST(NULL AS ${type}) AS ${identifier(name)}`);
  const relation = `(SELECT ${list.length > 0 ? list.join(', ') : '1 AS "nothing"'})`;
  try {
    // What lies within an aggregate and what lies around it cannot stand side by side in one SELECT.
    const nodes = of.map((one) => ({ one, all: typedNodes(one.tree) }));
    const types = new Map<SqlNode, string>();
    for (const holding of [false, true]) {
      const side = nodes.flatMap(({ one, all }) => all.filter((node) => one.holds(node) === holding));
      for (const [node, type] of await typesOf(job, first.statement, side, relation)) types.set(node, type);
    }
    const raised = await raisedBy(job, of, relation);
    return new Map(
      nodes.map(({ one, all }) => [
        one,
        { types: new Map(all.map((node) => [node, types.get(node) ?? 'UNKNOWN'])), raised: raised.get(one) ?? null },
      ]),
    );
  } catch (error) {
    const refused = messageOf(error);
    if (of.length === 1) return new Map([[first, { refused }]]);
    const each = [];
    for (const one of of) each.push(await bindAll(job, [one], columns));
    return new Map(each.flatMap((bound) => [...bound]));
  }
}

/** Which expressions raise an error over a row of NULLs, and what they say. */
async function raisedBy(
  job: DuckJob,
  of: readonly Standing[],
  relation: string,
): Promise<ReadonlyMap<Standing, string>> {
  const found = new Map<Standing, string>();
  for (const holding of [false, true]) {
    const group = of.filter((one) => one.holds(one.tree) === holding);
    if (group.length === 0) continue;
    try {
      await job.run(`SELECT ${group.map(({ sql }) => `(${sql})`).join(', ')} FROM ${relation}`);
    } catch (error) {
      const said = messageOf(error);
      const [only, ...more] = group;
      if (only && more.length === 0) found.set(only, said);
      else
        for (const one of group) for (const [which, why] of await raisedBy(job, [one], relation)) found.set(which, why);
    }
  }
  return found;
}

/** Nodes that can be bound on their own: all but what lies within a lambda. */
function typedNodes(node: SqlNode, above?: SqlNode): SqlNode[] {
  if (isLambda(node, above)) return [];
  return [node, ...childrenOf(node).flatMap((child) => typedNodes(child, node))];
}

/** The first line of DuckDB's message: it quotes the expression and no data, because there is none. */
function messageOf(error: unknown): string {
  if (!(error instanceof LandfallError) || error.code !== 'duckdb.failed') throw error;
  const line = (error.confidential ?? '').split('\n')[0] ?? '';
  // Landfall's own functions raise by casting what they have to say.
  return /Could not convert string '(\w+: .*)' to BOOL$/.exec(line)?.[1] ?? line.replace(/\.$/, '');
}
