import { intervalOf } from './mapping-rules.ts';
import { childrenOf, type SqlNode } from './sql-tree.ts';

interface NumberFinding {
  code: 'mapping.float' | 'mapping.cast-rounds' | 'mapping.cast-text';
  what: string;
}

const isFloat = /\b(?:FLOAT|DOUBLE)\b/;

function nameOf(node: SqlNode): string {
  const name = node['function_name'];
  if (typeof name === 'string') return /^\w+$/.test(name) ? `${name}()` : `\`${name}\``;
  if (node.class === 'CAST') return 'a cast';
  return node.class === 'CONSTANT' ? 'a number with an exponent' : 'an operator';
}

/**
 * Where an expression turns into floating point: its result, and every place within it, because a result that is cast
 * back to a decimal has lost its digits all the same. Columns that are floating point already are the source's doing, and
 * only the result tells on them.
 */
export function floatFindings(tree: SqlNode, types: ReadonlyMap<SqlNode, string>): NumberFinding[] {
  const findings: NumberFinding[] = [];
  const floats = (node: SqlNode): boolean => isFloat.test(types.get(node) ?? '');
  const look = (node: SqlNode): void => {
    if (typeof node['function_name'] === 'string' && intervalOf.test(node['function_name'])) return;
    const below = childrenOf(node);
    if (floats(node) && node.class !== 'COLUMN_REF' && !below.some(floats)) {
      findings.push({ code: 'mapping.float', what: `${nameOf(node)} gives ${types.get(node)}, which is not exact.` });
    }
    below.forEach(look);
  };
  look(tree);
  if (findings.length === 0 && floats(tree)) {
    findings.push({ code: 'mapping.float', what: `The result is ${types.get(tree)}, which is not exact.` });
  }
  return findings;
}

const decimal = /^DECIMAL\(\d+,(\d+)\)$/;
const integer = /^U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$/;

function scaleOf(type: string): number | undefined {
  if (integer.test(type)) return 0;
  const scale = decimal.exec(type)?.[1];
  return scale === undefined ? undefined : Number(scale);
}

/** How many digits after the point a value can really have, where its type says more than that. */
function digitsOf(node: SqlNode, type: string): number | undefined {
  const children = childrenOf(node);
  const digits =
    node['function_name'] === 'div' ? children[2] : node['function_name'] === 'exact_decimal' ? children[1] : undefined;
  const value = digits?.class === 'CONSTANT' ? (digits['value'] as { value?: unknown } | undefined)?.value : undefined;
  return typeof value === 'number' ? value : scaleOf(type);
}

/** Casts that lose digits, and casts of text that stop a chunk or round. */
export function castFindings(types: ReadonlyMap<SqlNode, string>): NumberFinding[] {
  return [...types].flatMap(([node, to]): NumberFinding[] => {
    const [child] = childrenOf(node);
    if (node.class !== 'CAST' || !child || child.class === 'CONSTANT') return [];
    const from = types.get(child) ?? '';
    const scale = scaleOf(to);
    const tries = node['try_cast'] === true;
    if (from === 'VARCHAR' && (scale !== undefined || (!tries && !/^(?:VARCHAR|BLOB|JSON)/.test(to)))) {
      return [{ code: 'mapping.cast-text', what: `Text is cast to ${to}.` }];
    }
    const digits = digitsOf(child, from);
    return digits !== undefined && scale !== undefined && digits > scale
      ? [{ code: 'mapping.cast-rounds', what: `${from} is cast to ${to}, which has fewer digits after the point.` }]
      : [];
  });
}
