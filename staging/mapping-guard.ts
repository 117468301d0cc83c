import { LandfallError, type Problem, type Where } from '../model/errors.ts';
import { identifier } from '../model/sql.ts';
import type { DuckJob } from './duckdb/job.ts';
import { folded, nearest, readCatalogue, type Catalogue } from './mapping-catalogue.ts';
import { castFindings, floatFindings } from './mapping-numbers.ts';
import {
  approximate,
  notRepeatable,
  orderDependent,
  rules,
  sessionNames,
  sorting,
  type RuleCode,
} from './mapping-rules.ts';
import {
  childrenOf,
  isLambda,
  lambdaParameters,
  namesOf,
  parseExpression,
  typesOf,
  type Parsed,
  type SqlNode,
} from './sql-tree.ts';

/** What mapping SQL uses, what it gives, and what is wrong with it. */
export interface Inspection {
  /** The columns that it reads, as the staged row calls them. */
  columns: string[];
  functions: string[];
  /** The DuckDB type of its result; null when it does not bind. */
  type: string | null;
  problems: Problem[];
}

export interface InspectOptions {
  /** Where the expression stands, for the findings. */
  where?: Where;
  /**
   * Given where one row is made of several (`keyedBy`): aggregates are allowed. `key` are the columns that tell the
   * source rows apart, so that an ORDER BY that ends with them leaves no ties.
   */
  grouped?: { key: readonly string[] };
}

export interface MappingGuard {
  /** @param columns name to DuckDB type of everything that the expression may read */
  inspect(sql: string, columns: ReadonlyMap<string, string>, options?: InspectOptions): Promise<Inspection>;
}

/**
 * A static check of mapping SQL, by DuckDB's own parser, catalogue and binder. Nothing is read but the catalogue.
 *
 * @param job a locked job
 */
export async function openMappingGuard(job: DuckJob): Promise<MappingGuard> {
  const catalogue = await readCatalogue(job);
  return { inspect: (sql, columns, options = {}) => new Walk(job, catalogue, columns, options).inspect(sql) };
}

interface Place {
  /** Names bound by lambdas around. */
  bound: ReadonlySet<string>;
  above: SqlNode | undefined;
  /** The macro being looked into, whose own names are parameters, not columns. */
  macro: string | undefined;
}

class Walk {
  readonly #job: DuckJob;
  readonly #catalogue: Catalogue;
  readonly #columns: Map<string, { name: string; type: string }>;
  readonly #options: InspectOptions;
  readonly #used = new Set<string>();
  readonly #functions = new Set<string>();
  readonly #problems: Problem[] = [];

  constructor(job: DuckJob, catalogue: Catalogue, columns: ReadonlyMap<string, string>, options: InspectOptions) {
    this.#job = job;
    this.#catalogue = catalogue;
    this.#columns = new Map([...columns].map(([name, type]) => [folded(name), { name, type }]));
    this.#options = options;
  }

  async inspect(sql: string): Promise<Inspection> {
    const parsed = await parseExpression(this.#job, sql);
    let type: string | null = null;
    if ('refused' in parsed) this.#find('mapping.syntax', `This is not one SQL expression: ${parsed.refused}.`);
    else {
      await this.#walk(parsed.tree, { bound: new Set(), above: undefined, macro: undefined });
      const stands = this.#problems.every(
        (one) => one.code === 'mapping.not-repeatable' || one.code.startsWith('mapping.order'),
      );
      if (stands) type = await this.#bind(parsed.tree, parsed.statement, sql);
    }
    return { columns: [...this.#used], functions: [...this.#functions], type, problems: this.#problems };
  }

  #find(code: RuleCode, what: string, hint?: string): void {
    if (this.#problems.some((one) => one.code === code && one.what === what)) return;
    const rule = rules[code];
    this.#problems.push({
      code,
      what,
      where: this.#options.where ?? {},
      hint: hint ?? rule.hint,
      severity: rule.severity,
    });
  }

  async #walk(node: SqlNode, place: Place): Promise<void> {
    switch (node.class) {
      case 'SUBQUERY':
        if (place.macro !== undefined) this.#notRepeatable(place.macro);
        else this.#find('mapping.subquery', 'A mapping may not read anything but its own row: there is a subquery.');
        return;
      case 'STAR':
        this.#find('mapping.star', 'A mapping may not take all columns at once.');
        return;
      case 'PARAMETER':
      case 'DEFAULT':
      case 'POSITIONAL_REFERENCE':
        this.#find('mapping.syntax', 'A mapping has no parameters and no positions to refer to.');
        return;
      case 'WINDOW':
        this.#find('mapping.window', `There is a window: ${textOf(node['function_name'])}() OVER (…).`);
        break;
      case 'COLUMN_REF':
        return this.#column(node, place);
      case 'FUNCTION':
        await this.#function(node, place);
        break;
      case 'LAMBDA':
        if (isLambda(node, place.above)) {
          const bound = new Set([...place.bound, ...lambdaParameters(node).map(folded)]);
          const body = childrenOf(node).at(-1);
          if (body) await this.#walk(body, { ...place, bound, above: node });
          return;
        }
        break;
    }
    for (const child of childrenOf(node)) await this.#walk(child, { ...place, above: node });
  }

  #column(node: SqlNode, place: Place): void {
    const names = namesOf(node);
    const [first = ''] = names;
    if (place.bound.has(folded(first))) return;
    const column = place.macro === undefined ? this.#columns.get(folded(first)) : undefined;
    if (column) {
      this.#used.add(column.name);
      return;
    }
    // These become functions when there is no column of that name.
    if (names.length === 1 && sessionNames.has(folded(first))) return this.#notRepeatable(place.macro ?? first);
    if (place.macro !== undefined) return;
    const near = nearest(
      first,
      [...this.#columns.values()].map((one) => one.name),
    );
    const hint = near.length > 0 ? `Did you mean ${near.join(', ')}?` : undefined;
    this.#find('mapping.unknown-column', `There is no column ${names.join('.')}.`, hint);
  }

  #notRepeatable(shown: string, hint?: string): void {
    this.#find('mapping.not-repeatable', `${shown} may give another result the next time.`, hint);
  }

  async #function(node: SqlNode, place: Place): Promise<void> {
    const name = folded(textOf(node['function_name']));
    const shown = place.macro ?? name;
    const rows = this.#catalogue.of(name);
    const schema = textOf(node['schema']);
    if (place.macro === undefined) this.#functions.add(name);
    if ((schema !== '' && schema !== 'main') || !['', 'system'].includes(textOf(node['catalog']))) {
      if (place.macro === undefined)
        this.#find('mapping.qualified', `${name}() is written with something before its name.`);
    }
    if (name === 'unnest' || name === 'unlist')
      return this.#find('mapping.rows', `${shown}() gives several rows for one.`);
    if (sessionNames.has(name)) return this.#notRepeatable(shown);
    if (rows.length === 0 || (place.macro === undefined && name.startsWith('_') && rows.some((one) => one.own))) {
      const near = nearest(
        name,
        this.#catalogue.names.filter((one) => /^[a-z]/.test(one)),
      );
      return this.#find(
        'mapping.unknown-function',
        `There is no function ${name}().`,
        near.length > 0 ? `Did you mean ${near.join(', ')}?` : undefined,
      );
    }
    if (rows.some((one) => one.own)) return;
    if (name === 'error') {
      if (place.macro === undefined) this.#find('mapping.error-call', 'A mapping may not raise errors of its own.');
      return;
    }
    // With one argument it counts from today.
    const byClock = name === 'age' && childrenOf(node).length === 1;
    if (
      byClock ||
      notRepeatable.has(name) ||
      rows.some((one) => one.stability !== null && one.stability !== 'CONSISTENT')
    ) {
      const hint =
        name === 'hash' ? 'Its result may change with the version of DuckDB: use md5() or sha256().' : undefined;
      return this.#notRepeatable(`${shown}()`, hint);
    }
    if (rows.every((one) => one.kind === 'table' || one.kind === 'table_macro')) {
      return this.#find('mapping.rows', `${shown}() gives several rows for one.`);
    }
    if (rows.some((one) => one.kind === 'aggregate') && rows.every((one) => one.kind !== 'scalar'))
      this.#aggregate(node, name, shown, place.above);
    for (const row of rows) {
      const body = await this.#catalogue.bodyOf(row);
      if (body) await this.#walk(body, { bound: new Set(), above: undefined, macro: shown });
    }
  }

  #aggregate(node: SqlNode, name: string, shown: string, above: SqlNode | undefined): void {
    const { grouped } = this.#options;
    if (!grouped) return this.#find('mapping.aggregate', `${shown}() looks at several rows.`);
    if (approximate.has(name)) return this.#find('mapping.approximate', `${shown}() is not exact.`);
    if (!orderDependent.has(name)) return;
    if (/^(?:list|array_agg)$/.test(name) && sorting.has(folded(textOf(above?.['function_name'])))) return;
    const orders = childrenOf({ class: '', type: '', orders: node['order_bys'] });
    const columns = new Set(
      orders.flatMap((one) => (one.class === 'COLUMN_REF' ? [folded(namesOf(one).join('.'))] : [])),
    );
    if (orders.every((one) => one.class === 'CONSTANT')) {
      return this.#find('mapping.order', `The result of ${shown}() depends on an order that is not given.`);
    }
    const [value] = childrenOf({ class: '', type: '', children: node['children'] });
    const byItself =
      orders.some((one) => JSON.stringify(one) === JSON.stringify(value)) && !/^(?:arg|max_by|min_by)/.test(name);
    const byKey = grouped.key.length > 0 && grouped.key.every((column) => columns.has(folded(column)));
    if (!byItself && !byKey) this.#find('mapping.order-ties', `The order given to ${shown}() leaves ties.`);
  }

  /** Asks DuckDB's binder for types, judges the numbers, and tries the expression on a row of NULLs. */
  async #bind(
    tree: SqlNode,
    statement: Extract<Parsed, { tree: SqlNode }>['statement'],
    sql: string,
  ): Promise<string | null> {
    const columns = [...this.#columns.values()].map((one) => `CAST(NULL AS ${one.type}) AS ${identifier(one.name)}`);
    const relation = `(SELECT ${columns.length > 0 ? columns.join(', ') : '1 AS "nothing"'})`;
    const isAggregate = (node: SqlNode): boolean =>
      node.class === 'FUNCTION' &&
      this.#catalogue.of(textOf(node['function_name'])).some((one) => one.kind === 'aggregate');
    const holds = (node: SqlNode): boolean => isAggregate(node) || childrenOf(node).some(holds);
    try {
      const nodes = typedNodes(tree);
      // What lies within an aggregate and what lies around it cannot stand side by side in one SELECT.
      const types = new Map([
        ...(await typesOf(
          this.#job,
          statement,
          nodes.filter((node) => !holds(node)),
          relation,
        )),
        ...(await typesOf(this.#job, statement, nodes.filter(holds), relation)),
      ]);
      for (const one of [...floatFindings(tree, types), ...castFindings(types)]) this.#find(one.code, one.what);
      await this.#try(sql, relation);
      return types.get(tree) ?? null;
    } catch (error) {
      this.#find('mapping.type', `DuckDB cannot bind it: ${messageOf(error)}.`);
      return null;
    }
  }

  async #try(sql: string, relation: string): Promise<void> {
    try {
      await this.#job.run(`SELECT (${sql}) FROM ${relation}`);
    } catch (error) {
      this.#find('mapping.raises', `It raises an error: ${messageOf(error)}.`);
    }
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
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
