import type { CatalogueColumn, CollectionDescription } from '../connectors/port.ts';
import { fieldFor, inWords } from './kinds.ts';
import { likeness, pairs } from './match.ts';
import type { Suggestion } from './proposal.ts';
import type { Edge } from './references.ts';
import { sqlName } from './sql-names.ts';
import { described } from './table.ts';

/** What a mapping of a table leaves over on both sides. */
export interface Leftovers {
  target: CollectionDescription;
  collections: readonly CollectionDescription[];
  /** Columns that no property takes. */
  columns: readonly CatalogueColumn[];
  /** Columns among them that are told of elsewhere. */
  elsewhere: ReadonlySet<string>;
  /** References that no field of the target takes. */
  edges: readonly Edge[];
  /** Fields of the target that are taken. */
  filled: ReadonlySet<string>;
  /** First words of names that say nothing. */
  empty: readonly string[];
}

/** What is left to decide about a table whose other columns found their places. */
export function leftovers(of: Leftovers): Suggestion[] {
  const among = 'fields' as const;
  const near = nearMisses(of);
  const told = new Set([...of.elsewhere, ...near.map((one) => one.column)]);
  const wanting = of.target.properties.filter((one) => one.required && !of.filled.has(one.name));
  const homeless = [
    ...of.columns.filter((one) => !told.has(one.name)).map(described),
    ...of.edges.map((edge) => `${edge.columns.join(', ')} (which points at ${edge.to})`),
  ];
  return [
    ...wanting
      .filter((one) => !near.some((miss) => miss.field === one.name))
      .map((one) => ({
        among,
        decide: `${of.target.collection} wants a value for ${one.name} (${inWords(one.holds)}), and no column is called like it.`,
        code: [],
      })),
    ...near.map(({ decide, code }) => ({ among, decide, code })),
    ...(homeless.length === 0
      ? []
      : [
          {
            among,
            decide: `nothing in ${of.target.collection} is called like these, so they stay behind: ${homeless.join(', ')}.`,
            code: [],
          },
        ]),
  ];
}

interface NearMiss {
  column: string;
  field: string;
  decide: string;
  code: string[];
}

/** Columns that are called like something that they cannot fill as they are: what it would take. */
function nearMisses({ target, columns, filled, empty, collections }: Leftovers): NearMiss[] {
  const lookups = target.references
    .filter((one) => !filled.has(one.field))
    .map((one) => ({ name: one.field, holds: null, collections: one.collections }));
  const properties = target.properties
    .filter((one) => !filled.has(one.name))
    .map((one) => ({ name: one.name, holds: one.holds, collections: [] as string[] }));
  const near = pairs(columns, [...lookups, ...properties], (column, one) =>
    one.holds && fieldFor(column.holds, one.holds) ? 0 : likeness(column.name, one.name, empty),
  );
  return near.map(({ a: column, b: to }): NearMiss => {
    const name = sqlName(column.name);
    const found = { column: column.name, field: to.name };
    if (to.holds?.kind === 'other' && column.holds.kind === 'other') {
      const decide = `no field is of a type that ${to.name} takes: ${described(column)} stays behind, unless the target gets a text column for it.`;
      return { ...found, decide, code: [] };
    }
    if (to.holds) {
      const numbered = /^(integer|bigint)$/.test(to.holds.kind) && /^(text|enum)$/.test(column.holds.kind);
      const expression = numbered ? `CASE ${name} WHEN 'A' THEN 1 WHEN 'B' THEN 2 END` : name;
      const decide = `${to.name} holds ${inWords(to.holds)}, and ${described(column)} does not: say how the one becomes the other.`;
      return { ...found, decide, code: [`${to.name}: sql\`${expression}\`,`] };
    }
    const [first = ''] = to.collections;
    const rows = collections.find((one) => one.collection === first);
    const by = `{ match: '${rows?.alternateKeys[0] ?? 'PROPERTY'}', take: '${rows?.id ?? 'ID'}' }`;
    return {
      ...found,
      decide: `${to.name} points at ${to.collections.join(' or ')}: which row does ${described(column)} mean?`,
      code: [`${to.name}: targetLookup('${first}', ${by}, sql\`${name}\`),`],
    };
  });
}
