import { LandfallError } from '../../model/errors.ts';
import type { RowOutcome, TargetCollection, TargetDocument, TargetRow } from '../port.ts';
import { armColumn, columnOf, type Catalogue, type Column, type Table } from './catalogue.ts';
import { copyText, unfitKey, written, type Unfit } from './values.ts';

export type Mode = 'write' | 'references';

/** What is done with rows: created, created or changed by their legacy key, or changed where they are. */
export type Deed = 'create' | 'upsert' | 'change by id' | 'change by key';

/** A column that rows of a layout write. */
export interface Written {
  column: Column;
  /** Its value is the key of the document's own header. */
  fromHeader: boolean;
}

/** Rows of one collection that write the same columns in the same way: one statement each time. */
export interface Layout {
  collection: TargetCollection;
  table: Table;
  deed: Deed;
  /** Whether they are lines: written after the headers. */
  lines: boolean;
  columns: readonly Written[];
  /** In the order of their documents; a row's place is its number. */
  rows: { legacyKey: string; document: number }[];
  /** The rows in COPY's text format. */
  text: string[];
}

/** A batch, ready to be sent. */
export interface Composed {
  layouts: Layout[];
  documents: readonly TargetDocument[];
  /** Documents that cannot be sent as they are, by number, with the row that cannot. */
  refused: ReadonlyMap<number, Refusal>;
}

/** Why a row is refused, by the target or before it is sent. */
export interface Refusal extends Unfit {
  collection: string;
  legacyKey: string;
}

const documentRefused = 'Another row of the same document was refused.';

/** The rows of a document, its header first. */
export function rowsOf(document: TargetDocument): { collection: string; legacyKey: string }[] {
  const of = (collection: TargetCollection, row: TargetRow) => ({
    collection: collection.collection,
    legacyKey: row.legacyKey,
  });
  const { lines } = document;
  return [of(document.collection, document.row), ...(lines ? lines.rows.map((row) => of(lines.collection, row)) : [])];
}

/** What is said of a document of which one row, or several, were refused: its rows fall together. */
export function refusal(document: TargetDocument, about: readonly Refusal[]): RowOutcome[] {
  return rowsOf(document).map((row) => {
    const own = about.find((one) => one.legacyKey === row.legacyKey && one.collection === row.collection);
    const said = own ?? { code: 'document', message: documentRefused };
    return { ...row, outcome: 'refused', ...said };
  });
}

/** The same doubt about every row of a document. */
export function uncertain(document: TargetDocument, reason: string): RowOutcome[] {
  return rowsOf(document).map((row) => ({ ...row, outcome: 'uncertain', reason }));
}

interface Prepared {
  key: string;
  columns: Written[];
  values: (string | null)[];
}

/** Sorts the rows of a batch by what they write, and writes them as COPY reads them. */
export async function compose(
  catalogue: Catalogue,
  documents: readonly TargetDocument[],
  mode: Mode,
  where: object,
): Promise<Composed> {
  const layouts = new Map<string, Layout>();
  const refused = new Map<number, Refusal>();
  const tables = new Map<string, Table>();
  for (const { collection, lines } of documents) {
    for (const one of [collection, ...(lines ? [lines.collection] : [])]) {
      if (!tables.has(one.collection)) tables.set(one.collection, await catalogue.table(one.collection));
    }
  }
  for (const [number, document] of documents.entries()) {
    const entries: { layout: Layout; row: TargetRow; values: (string | null)[] }[] = [];
    const add = (collection: TargetCollection, row: TargetRow, lines: boolean): void => {
      if (refused.has(number)) return;
      const table = tables.get(collection.collection);
      if (!table) return;
      const deed = deedOf(collection, row, mode);
      const prepared = unfitKey(row.legacyKey) ?? prepare(table, collection, row, mode, where);
      if ('message' in prepared) {
        refused.set(number, { ...prepared, legacyKey: row.legacyKey, collection: collection.collection });
        return;
      }
      const name = `${lines ? 'lines' : 'header'}\n${collection.collection}\n${deed}\n${prepared.key}`;
      const { columns } = prepared;
      const layout = layouts.get(name) ?? { collection, table, deed, lines, columns, rows: [], text: [] };
      layouts.set(name, layout);
      entries.push({ layout, row, values: prepared.values });
    };
    add(document.collection, document.row, false);
    for (const row of document.lines?.rows ?? []) if (document.lines) add(document.lines.collection, row, true);
    if (refused.has(number)) continue;
    for (const { layout, row, values } of entries) {
      const place = layout.rows.push({ legacyKey: row.legacyKey, document: number }) - 1;
      let line = `${number}\t${place}\t${copyText(row.legacyKey)}\t${row.targetKey === undefined ? '\\N' : copyText(row.targetKey)}`;
      for (const value of values) line += value === null ? '\t\\N' : `\t${copyText(value)}`;
      layout.text.push(`${line}\n`);
    }
  }
  // Headers first: their lines point at them.
  const found = [...layouts.values()].filter((one) => one.rows.length > 0);
  return { layouts: found.toSorted((a, b) => Number(a.lines) - Number(b.lines)), documents, refused };
}

function deedOf(collection: TargetCollection, row: TargetRow, mode: Mode): Deed {
  const known = row.targetKey !== undefined && collection.write === 'create';
  if (known) return 'change by id';
  if (mode === 'references') return 'change by key';
  return collection.write;
}

function prepare(
  table: Table,
  collection: TargetCollection,
  row: TargetRow,
  mode: Mode,
  where: object,
): Prepared | Unfit {
  const columns: Written[] = [];
  const values: (string | null)[] = [];
  let key = '';
  if (mode === 'write') {
    const body = JSON.parse(row.body) as Record<string, unknown>;
    for (const [field, raw] of Object.entries(body)) {
      // The legacy key is written by itself, whatever the body repeats of it.
      if (field === collection.legacyKey) continue;
      const column = columnOf(table, field, { ...where, collection: collection.collection });
      const value = written(column, raw);
      if (value !== null && typeof value === 'object') return { ...value, field };
      columns.push({ column, fromHeader: false });
      values.push(value);
      key += `${field}\n`;
    }
  }
  for (const reference of row.references) {
    const kinds = collection.shape[reference.field]?.type;
    const arms = kinds?.kind === 'reference' && kinds.collections.length > 1 ? kinds.collections : null;
    if (arms && reference.targetKey !== null && !arms.includes(reference.collection)) {
      throw noReference(reference.field, { ...where, collection: collection.collection });
    }
    for (const arm of arms ?? [reference.collection]) {
      const name = arms ? armColumn(reference.field, arm) : reference.field;
      const column = columnOf(table, name, { ...where, collection: collection.collection });
      const fromHeader = reference.toHeader === true;
      columns.push({ column, fromHeader });
      values.push(fromHeader || arm !== reference.collection ? null : reference.targetKey);
      key += `${name}${fromHeader ? '@' : ''}\n`;
    }
  }
  return { key, columns, values };
}

function noReference(field: string, where: object): LandfallError {
  return new LandfallError({
    code: 'target.not-a-reference',
    kind: 'permanent',
    what: 'A reference points at a collection that its field does not name.',
    where: { ...where, field },
    hint: 'Name the collection in the field’s `reference(…)`.',
  });
}
