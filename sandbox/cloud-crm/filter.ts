import type { EntitySet } from './model.ts';
import { problems } from './problem.ts';

const tokenPattern =
  /\s*(?:('(?:[^']|'')*')|([0-9a-fA-F]{8}-[0-9a-fA-F-]{27})|(\d{4}-\d{2}-\d{2}(?:T[0-9:.]+(?:Z|[+-]\d{2}:\d{2}))?)|(-?\d+(?:\.\d+)?)|([A-Za-z_$][\w.$]*)|([(),]))/y;

type Token = { kind: 'text' | 'guid' | 'date' | 'number' | 'name' | 'mark'; value: string };

function tokens(filter: string): Token[] {
  const found: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < filter.trimEnd().length) {
    const match = tokenPattern.exec(filter);
    if (!match) throw problems.syntax(`in $filter at position ${tokenPattern.lastIndex}`);
    const kinds = ['text', 'guid', 'date', 'number', 'name', 'mark'] as const;
    const index = match.slice(1).findIndex((part) => part !== undefined);
    const kind = kinds[index];
    const value = match[index + 1];
    if (kind === undefined || value === undefined) throw problems.syntax('in $filter');
    found.push({ kind, value });
  }
  return found;
}

/** The SQL of a property: lookups are their value property, over all of their navigations. */
export function columnOf(set: EntitySet, name: string): string {
  if (name === set.id || set.properties.some((property) => property.name === name)) return `"${name}"`;
  const lookup = set.lookups.find((one) => `_${one.name}_value` === name);
  if (lookup) {
    const columns = lookup.navigations.map((navigation) => `"${navigation.name}"`);
    return columns.length === 1 ? (columns[0] ?? '') : `coalesce(${columns.join(', ')})`;
  }
  throw problems.undeclared(set.type, name);
}

const operators: Record<string, string> = { eq: '=', ne: '<>', gt: '>', ge: '>=', lt: '<', le: '<=' };

/** A filter of OData 4.0 (part 2, 5.1.1) as SQL with parameters: comparisons, and/or/not, in, contains, startswith. */
export function filterSql(set: EntitySet, filter: string, values: unknown[]): string {
  const all = tokens(filter);
  let at = 0;
  const peek = (): Token | undefined => all[at];
  const take = (value?: string): Token => {
    const token = all[at];
    if (!token || (value !== undefined && token.value !== value))
      throw problems.syntax(`expected ${value ?? 'more'} in $filter`);
    at += 1;
    return token;
  };
  const parameter = (value: unknown): string => {
    values.push(value);
    return `$${values.length}`;
  };
  const literal = (token: Token): string => {
    switch (token.kind) {
      case 'text':
        return parameter(token.value.slice(1, -1).replaceAll("''", "'"));
      case 'guid':
        return `${parameter(token.value)}::uuid`;
      case 'number':
        return `${parameter(token.value)}::numeric`;
      case 'date':
        return `${parameter(token.value)}::${token.value.includes('T') ? 'timestamptz' : 'date'}`;
      case 'name':
        if (token.value === 'null') return 'NULL';
        if (token.value === 'true' || token.value === 'false') return token.value;
        return columnOf(set, token.value);
      case 'mark':
        throw problems.syntax(`unexpected ${token.value} in $filter`);
    }
  };
  const primary = (): string => {
    if (peek()?.value === '(') {
      take('(');
      const inner = either();
      take(')');
      return `(${inner})`;
    }
    const token = take();
    if (token.value === 'not') return `(NOT ${primary()})`;
    if (token.value === 'contains' || token.value === 'startswith') {
      take('(');
      const column = literal(take());
      take(',');
      const value = literal(take());
      take(')');
      return token.value === 'contains' ? `(position(${value} IN ${column}) > 0)` : `starts_with(${column}, ${value})`;
    }
    const left = literal(token);
    const operator = take().value;
    if (operator === 'in') {
      take('(');
      const list = [literal(take())];
      while (peek()?.value === ',') {
        take(',');
        list.push(literal(take()));
      }
      take(')');
      return `${left} IN (${list.join(', ')})`;
    }
    const sql = operators[operator];
    if (sql === undefined) throw problems.syntax(`unknown operator ${operator}`);
    const right = literal(take());
    if (right === 'NULL') return `${left} IS ${operator === 'ne' ? 'NOT ' : ''}NULL`;
    return operator === 'ne' ? `${left} IS DISTINCT FROM ${right}` : `${left} ${sql} ${right}`;
  };
  const both = (): string => {
    let sql = primary();
    while (peek()?.value === 'and') {
      take('and');
      sql = `${sql} AND ${primary()}`;
    }
    return sql;
  };
  function either(): string {
    let sql = both();
    while (peek()?.value === 'or') {
      take('or');
      sql = `(${sql}) OR (${both()})`;
    }
    return sql;
  }
  const sql = either();
  if (at < all.length) throw problems.syntax(`unexpected ${all[at]?.value ?? ''} in $filter`);
  return sql;
}
