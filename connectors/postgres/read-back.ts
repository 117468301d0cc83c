import { z } from 'zod';
import { LandfallError } from '../../model/errors.ts';
import type { ActualPage, ActualRow, TargetCall, TargetCollection } from '../port.ts';
import { asked } from './asked.ts';
import { armColumn, columnOf, type Catalogue, type Table } from './catalogue.ts';
import { quoted, quotedName } from './names.ts';
import type { Session, TextRow } from './session.ts';
import { reader } from './values.ts';

/** Where a page begins: after a row's key in the target. Holds a row's value, as the port says of continuations. */
const Token = z.strictObject({ after: z.string(), collection: z.string() });

interface RowReader {
  select: string;
  row(row: TextRow): ActualRow;
}

/** Works out how to read every field of the collection's shape. */
export function readerOf(table: Table, collection: TargetCollection, where: object): RowReader {
  const columns: string[] = [
    `${quoted(collection.id)} AS "target key"`,
    `${quoted(collection.legacyKey)} AS "legacy key"`,
  ];
  const readers: ((row: TextRow, values: ActualRow['values'], pointsTo: Record<string, string>) => void)[] = [];
  const place = { ...where, collection: collection.collection };
  const add = (name: string): string => `v${columns.push(`${quoted(name)} AS v${columns.length}`) - 1}`;
  for (const [field, { type }] of Object.entries(collection.shape)) {
    if (type.kind === 'reference' && type.collections.length > 1) {
      const arms = type.collections.map((arm) => {
        const name = armColumn(field, arm);
        columnOf(table, name, place);
        return { arm, at: add(name) };
      });
      readers.push((row, values, pointsTo) => {
        const found = arms.find(({ at }) => row[at] !== null);
        values[field] = found ? (row[found.at] ?? null) : null;
        if (found) pointsTo[field] = found.arm;
      });
      continue;
    }
    const read = reader(columnOf(table, field, place), type.kind);
    const at = add(field);
    readers.push((row, values) => void (values[field] = read(row[at] ?? null)));
  }
  return {
    select: columns.join(', '),
    row(row) {
      const values: ActualRow['values'] = {};
      const pointsTo: Record<string, string> = {};
      for (const read of readers) read(row, values, pointsTo);
      return {
        targetKey: row['target key'] ?? '',
        legacyKey: row['legacy key'] ?? null,
        values,
        ...(Object.keys(pointsTo).length === 0 ? {} : { referenceCollections: pointsTo }),
      };
    },
  };
}

/** A continuation after a row's key in the target. */
export function tokenOf({ collection }: TargetCollection, after: string): string {
  return JSON.stringify({ after, collection } satisfies z.infer<typeof Token>);
}

/** @throws LandfallError `target.foreign-link` */
export function afterOf(session: Session, collection: TargetCollection, token: string): string {
  try {
    const parsed = Token.parse(JSON.parse(token));
    if (parsed.collection === collection.collection) return parsed.after;
  } catch {
    // Said below.
  }
  throw new LandfallError({
    code: 'target.foreign-link',
    kind: 'permanent',
    what: 'A page’s continuation was not written by this connector for this collection.',
    where: { connection: session.name, collection: collection.collection },
    hint: 'Read the collection from its beginning.',
  });
}

/** One page of the rows that carry a legacy key, in the order of the target's own keys. */
export async function readBack(
  session: Session,
  catalogue: Catalogue,
  collection: TargetCollection,
  after: string | null,
  call: TargetCall,
): Promise<ActualPage> {
  const table = await catalogue.table(collection.collection);
  const rows = readerOf(table, collection, { connection: session.name });
  const id = quoted(collection.id);
  const from = after === null ? null : afterOf(session, collection, after);
  const { pageRows } = session.settings.target;
  const cast = columnOf(table, collection.id, {}).cast;
  const found = await asked(
    session,
    call,
    `SELECT ${rows.select}, now() AS "asked at" FROM ${quotedName(collection.collection)}
     WHERE ${quoted(collection.legacyKey)} IS NOT NULL ${from === null ? '' : `AND ${id} > $1::${cast}`}
     ORDER BY ${id} LIMIT ${pageRows}`,
    from === null ? [] : [from],
  );
  const last = found.at(-1);
  const full = found.length === pageRows && last !== undefined;
  return {
    rows: found.map((row) => rows.row(row)),
    next: full ? tokenOf(collection, last['target key'] ?? '') : null,
    asAt: instant(last?.['asked at']),
  };
}

/** The rows that carry a legacy key. */
export async function countRows(session: Session, collection: TargetCollection, call: TargetCall): Promise<number> {
  const where = `${quoted(collection.legacyKey)} IS NOT NULL`;
  const sql = `SELECT count(*) AS n FROM ${quotedName(collection.collection)} WHERE ${where}`;
  const [row] = await asked(session, call, sql);
  return Number(row?.['n']);
}

/** When the server says it answered, ISO 8601 in UTC. */
export function instant(text: string | null | undefined): string {
  const at = new Date(text ?? Number.NaN);
  return (Number.isNaN(at.getTime()) ? new Date() : at).toISOString();
}

/** Every row of a table of reference data, in one state, page by page; a cursor keeps the rest at the server. */
export async function* readReference(
  session: Session,
  collection: string,
  properties: readonly string[],
  call: TargetCall,
): AsyncGenerator<Record<string, string | null>[], void, undefined> {
  const columns = properties.map((name) => `${quoted(name)}::text AS ${quoted(name)}`).join(', ');
  const client = await session.connect();
  const gated = async (sql: string): Promise<TextRow[]> => {
    const leave = await call.gate.enter(call.signal);
    try {
      const { rows } = await client.query<TextRow>(sql);
      call.gate.report('ok');
      return rows;
    } catch (error) {
      call.gate.report('failed');
      throw session.translate(error, { collection });
    } finally {
      leave();
    }
  };
  try {
    await gated(`DECLARE landfall CURSOR WITH HOLD FOR SELECT ${columns} FROM ${quotedName(collection)}`);
    for (;;) {
      const rows = await gated(`FETCH ${session.settings.target.pageRows} FROM landfall`);
      if (rows.length > 0) yield rows;
      if (rows.length < session.settings.target.pageRows) return;
    }
  } finally {
    await client.end().catch(() => {});
  }
}
