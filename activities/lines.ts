import type { LineColumn } from '../connectors/port.ts';
import type { Part } from '../model/blueprint.ts';
import { identifier, literal } from '../model/sql.ts';
import { plainFields, textValue } from './body.ts';
import { targetKeys, type Reference } from './load-rows.ts';

/** A column of a part's lines, with the SQL of its text over a row whose references are resolved: NULL is nothing. */
export interface TextColumn extends LineColumn {
  text: string;
}

/** In lines a backslash stands before what would be taken for the end of a value or of a line. */
function escaped(text: string): string {
  const signs = [
    [`'\\'`, `'\\\\'`],
    ['chr(10)', `'\\n'`],
    ['chr(13)', `'\\r'`],
    ['chr(9)', `'\\t'`],
  ] as const;
  const all = signs.reduce((inner, [sign, by]) => `replace(${inner}, ${sign}, ${by})`, text);
  // Looking takes a fifth of what replacing does, and few texts have any.
  return `CASE WHEN ${signs.map(([sign]) => `contains(${text}, ${sign})`).join(' OR ')} THEN ${all} ELSE ${text} END`;
}

/** A field that points at rows, and when it points at those of a collection. */
interface Pointing {
  field: string;
  collections: readonly string[];
  at(collection: string): string;
}

function pointingOf(part: Part, references: readonly Reference[]): Pointing[] {
  return [
    ...references.map(({ field, collections }) => ({
      field,
      collections: [...new Set(collections.values())],
      at(collection: string) {
        const entities = [...collections].flatMap(([entity, own]) => (own === collection ? [literal(entity)] : []));
        return entities.length === 0 ? 'false' : `${identifier(`entity:${field}`)} IN (${entities.join(', ')})`;
      },
    })),
    ...targetKeys(part).map(({ field, collection }) => ({
      field,
      collections: [collection],
      at: (other: string) => String(other === collection),
    })),
  ];
}

/**
 * What a part's rows hold when they are sent: its plain fields, then its references; one that may point at several
 * collections has a column for each. The key is not among them.
 */
export function lineColumns(part: Part, references: readonly Reference[]): TextColumn[] {
  const columns = plainFields(part).map((field): TextColumn => {
    const kind = part.to.shape[field]?.type;
    if (!kind) throw new Error(`${part.name}.${field} is not in the shape`);
    const value = textValue(kind, identifier(field));
    return { field, text: ['text', 'uuid', 'reference'].includes(kind.kind) ? escaped(value) : value };
  });
  for (const { field, collections, at } of pointingOf(part, references)) {
    const to = escaped(identifier(`to:${field}`));
    const kind = part.to.shape[field]?.type;
    const named = kind?.kind === 'reference' ? kind.collections : [];
    if (named.length < 2) {
      columns.push({ field, text: to });
      continue;
    }
    for (const one of new Set([...named, ...collections])) {
      columns.push({ field, collection: one, text: `CASE WHEN ${at(one)} THEN (${to}) END` });
    }
  }
  return columns;
}

/** A row as a line: its key and what it holds, between tabs; `\N` is nothing. */
export function lineOf(columns: readonly TextColumn[]): string {
  return `concat_ws(chr(9), ${[escaped('_key'), ...columns.map(({ text }) => `coalesce(${text}, '\\N')`)].join(', ')})`;
}
