import type { CatalogueColumn } from '../connectors/port.ts';
import { mirrorOf } from './kinds.ts';
import type { ProposedField } from './proposal.ts';
import type { Edge } from './references.ts';
import { sqlName } from './sql-names.ts';
import { isSurrogate, type Candidate, type Fields } from './table.ts';

/** A name that is not taken, and that is none of Landfall's own columns. */
function free(wanted: string, taken: ReadonlySet<string>): string {
  const base = wanted.replace(/^_+/, '') || 'field';
  let found = base;
  for (let number = 2; taken.has(found.toLowerCase()); number += 1) found = `${base}_${number}`;
  return found;
}

function sourceOf(column: CatalogueColumn): ProposedField['source'] {
  const sql = sqlName(column.name);
  if (column.holds.kind === 'float') return { kind: 'sql', sql: `CAST(${sql} AS VARCHAR)` };
  return { kind: column.holds.kind === 'localTime' ? 'localTime' : 'sql', sql };
}

/** Fields after the table's own columns, in a collection that is a copy of the table. */
export function mirrorFields(
  of: Candidate,
  collectionOf: (entity: string) => string,
  isLater: (edge: Edge) => boolean,
): Fields {
  const { table } = of;
  const taken = new Set(['id', 'legacy_key']);
  const fields: ProposedField[] = [];
  const decide: string[] = [];
  const notes: string[] = [];
  const put = (wanted: string, field: Omit<ProposedField, 'field'>): void => {
    const name = free(wanted, taken);
    taken.add(name.toLowerCase());
    fields.push({ field: name, ...field });
  };
  const refer = (wanted: string, edge: Edge): void => {
    const later = isLater(edge);
    put(wanted, {
      type: { kind: 'reference', collections: [collectionOf(edge.to)] },
      required: !edge.nullable && !later,
      source: { kind: 'crosswalk', entity: edge.to, keys: edge.columns.map(sqlName), later },
      decide: edge.declared
        ? []
        : [`no foreign key says so: ${edge.columns.join(', ')} is called after the key of ${edge.to}.`],
      note: null,
    });
  };
  for (const column of table.columns) {
    const [edge, ...more] = of.edges.filter((one) => one.columns.length === 1 && one.columns[0] === column.name);
    for (const other of more)
      decide.push(`${column.name} points at ${other.to} as well: only one of the two is mapped.`);
    if (edge) refer(column.name, edge);
    else if (column.generated) notes.push(`${column.name} is computed by the source from other columns, and left out.`);
    else if (!isSurrogate(column, table)) {
      const mirrored = mirrorOf(column.holds);
      if (!mirrored) continue;
      put(column.name, {
        type: mirrored.type,
        required: !column.nullable,
        source: sourceOf(column),
        decide: mirrored.decide === null ? [] : [`${column.name}: ${mirrored.decide}`],
        note: null,
      });
    }
  }
  for (const edge of of.edges) if (edge.columns.length > 1) refer(edge.to, edge);
  const collection = { name: of.name, id: 'id', legacyKey: 'legacy_key', write: 'upsert' as const, decide: [] };
  return { collection, fields, decide, notes, suggestions: [] };
}
