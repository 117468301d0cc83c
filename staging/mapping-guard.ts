import type { Problem, Where } from '../model/errors.ts';
import type { DuckJob } from './duckdb/job.ts';
import { bindAll, type Bound, type Standing } from './mapping-binder.ts';
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
  parseExpressions,
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

export interface Inspected {
  sql: string;
  options?: InspectOptions;
}

export interface MappingGuard {
  /** @param columns name to DuckDB type of everything that the expression may read */
  inspect(sql: string, columns: ReadonlyMap<string, string>, options?: InspectOptions): Promise<Inspection>;
  /** Several over the same columns, in their order: where all of them stand, for a few statements altogether. */
  inspectAll(of: readonly Inspected[], columns: ReadonlyMap<string, string>): Promise<Inspection[]>;
}

/**
 * A static check of mapping SQL, by DuckDB's own parser, catalogue and binder. Nothing is read but the catalogue.
 *
 * @param job a locked job
 */
export async function openMappingGuard(job: DuckJob): Promise<MappingGuard> {
  const catalogue = await readCatalogue(job);
  const inspectAll: MappingGuard['inspectAll'] = async (of, columns) => {
    const parsed = await parseExpressions(
      job,
      of.map(({ sql }) => sql),
    );
    const standing: Standing[] = [];
    const walks: { walk: Walk; stands: Standing | null }[] = [];
    for (const [n, { sql, options = {} }] of of.entries()) {
      const walk = new Walk(catalogue, columns, options);
      const stands = await walk.look(sql, parsed[n] ?? { refused: 'there is no expression' });
      if (stands) standing.push(stands);
      walks.push({ walk, stands });
    }
    const bound = await bindAll(job, standing, columns);
    return walks.map(({ walk, stands }) => walk.inspection(stands ? bound.get(stands) : undefined));
  };
  return {
    inspectAll,
    async inspect(sql, columns, options = {}) {
      const [found] = await inspectAll([{ sql, options }], columns);
      if (!found) throw new Error('an expression was not inspected');
      return found;
    },
  };
}

interface Place {
  /** Names bound by lambdas around. */
  bound: ReadonlySet<string>;
  above: SqlNode | undefined;
  /** The macro being looked into, whose own names are parameters, not columns. */
  macro: string | undefined;
}

class Walk {
  readonly #catalogue: Catalogue;
  readonly #columns: Map<string, { name: string; type: string }>;
  readonly #options: InspectOptions;
  readonly #used = new Set<string>();
  readonly #functions = new Set<string>();
  readonly #problems: Problem[] = [];
  #tree: SqlNode | null = null;

  constructor(catalogue: Catalogue, columns: ReadonlyMap<string, string>, options: InspectOptions) {
    this.#catalogue = catalogue;
    this.#columns = new Map([...columns].map(([name, type]) => [folded(name), { name, type }]));
    this.#options = options;
  }

  /** Looks an expression through. Null where it need not be bound, because of what was found. */
  async look(sql: string, parsed: Parsed): Promise<Standing | null> {
    if ('refused' in parsed) {
      this.#find('mapping.syntax', `This is not one SQL expression: ${parsed.refused}.`);
      return null;
    }
    const { tree, statement } = parsed;
    this.#tree = tree;
    await this.#walk(tree, { bound: new Set(), above: undefined, macro: undefined });
    const stands = this.#problems.every(
      (one) => one.code === 'mapping.not-repeatable' || one.code.startsWith('mapping.order'),
    );
    const holds = (node: SqlNode): boolean => this.#isAggregate(node) || childrenOf(node).some(holds);
    return stands ? { sql, tree, statement, holds } : null;
  }

  inspection(bound: Bound | undefined): Inspection {
    let type: string | null = null;
    if (bound && 'refused' in bound) this.#find('mapping.type', `DuckDB cannot bind it: ${bound.refused}.`);
    else if (bound && this.#tree) {
      const { types, raised } = bound;
      for (const one of [...floatFindings(this.#tree, types), ...castFindings(types)]) this.#find(one.code, one.what);
      if (raised !== null) this.#find('mapping.raises', `It raises an error: ${raised}.`);
      type = types.get(this.#tree) ?? null;
    }
    return { columns: [...this.#used], functions: [...this.#functions], type, problems: this.#problems };
  }

  #isAggregate(node: SqlNode): boolean {
    if (node.class !== 'FUNCTION') return false;
    return this.#catalogue.of(textOf(node['function_name'])).some((one) => one.kind === 'aggregate');
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
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
