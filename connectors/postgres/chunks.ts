import { LandfallError } from '../../model/errors.ts';
import type { ChunkBounds, LeaseRef, ReadRequest } from '../port.ts';
import { literal, quoted, quotedName } from './names.ts';
import type { Session, TextRow } from './session.ts';

const textual = /^(?:text|character|citext|name|"char")/;

interface Key {
  columns: { name: string; type: string }[];
  /** Comparable in the order that chunks are cut by: for texts by code point, whatever the database's collation. */
  order: string[];
}

function keyOf(request: ReadRequest): Key {
  const columns = request.key.map((name) => ({
    name,
    type: request.columns.find((column) => column.name === name)?.nativeType ?? 'text',
  }));
  const order = columns.map(({ name, type }) => `${quoted(name)}${textual.test(type) ? ' COLLATE "C"' : ''}`);
  return { columns, order };
}

function bound(key: Key, operator: '>=' | '<' | '>', values: readonly string[]): string {
  const right = values.map((value, i) => {
    const type = key.columns[i]?.type ?? 'text';
    return `${literal(value)}::${type}`;
  });
  return `(${key.order.join(', ')}) ${operator} (${right.join(', ')})`;
}

/** The condition that a chunk's rows meet, in the source's SQL. */
export function chunkCondition(request: ReadRequest, bounds: Pick<ChunkBounds, 'from' | 'to'>): string {
  const key = keyOf(request);
  const parts = [
    ...(request.where === undefined ? [] : [`(${request.where})`]),
    ...(bounds.from === null ? [] : [bound(key, '>=', bounds.from)]),
    ...(bounds.to === null ? [] : [bound(key, '<', bounds.to)]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' AND ');
}

/** Proves what the catalogue does not promise: that the key is never NULL and never twice. */
async function proveKey(session: Session, request: ReadRequest, lease?: LeaseRef): Promise<void> {
  const table = quotedName(request.object);
  const columns = request.key.map(quoted);
  const where = request.where === undefined ? 'true' : `(${request.where})`;
  const place = { connection: session.name, object: request.object, key: request.key.join(', ') };
  const anyNull = columns.map((column) => `${column} IS NULL`).join(' OR ');
  const [nulls] = await session.query(
    `SELECT count(*) AS n FROM ${table} WHERE ${where} AND (${anyNull})`,
    [],
    lease?.token,
  );
  if (Number(nulls?.['n']) > 0) {
    throw new LandfallError({
      code: 'source.null-key',
      kind: 'permanent',
      what: `${nulls?.['n']} rows have no value in a key column.`,
      where: place,
      hint: 'Name other key columns in the blueprint, mend the rows, or leave them out with `where`.',
    });
  }
  const [twice] = await session.query(
    `SELECT count(*) AS n FROM (SELECT 1 FROM ${table} WHERE ${where} GROUP BY ${columns.join(', ')} HAVING count(*) > 1) d`,
    [],
    lease?.token,
  );
  if (Number(twice?.['n']) > 0) {
    throw new LandfallError({
      code: 'source.duplicate-key',
      kind: 'permanent',
      what: `${twice?.['n']} key values occur more than once.`,
      where: place,
      hint: 'Name the columns that make a row unique in the blueprint’s `key`, or mend the rows.',
    });
  }
}

/**
 * Cuts a table by walking its key: the next boundary is the key `rows` rows further on, found through the key's index.
 *
 * @param declared whether the catalogue promises that the key is unique and not NULL
 */
export async function* planChunks(
  session: Session,
  request: ReadRequest,
  rows: number,
  declared: boolean,
  lease?: LeaseRef,
): AsyncGenerator<ChunkBounds> {
  if (!declared) await proveKey(session, request, lease);
  const key = keyOf(request);
  const select = key.columns.map(({ name }, i) => `${quoted(name)}::text AS k${i}`).join(', ');
  const valuesOf = (row: TextRow): string[] => key.columns.map((_, i) => row[`k${i}`] ?? '');
  const where = request.where === undefined ? 'true' : `(${request.where})`;
  let from: string[] | null = null;
  for (let number = 0; ; number += 1) {
    const after = from === null ? where : `${where} AND ${bound(key, '>=', from)}`;
    const [row]: TextRow[] = await session.query(
      `SELECT ${select} FROM ${quotedName(request.object)} WHERE ${after} ORDER BY ${key.order.join(', ')} OFFSET ${rows} LIMIT 1`,
      [],
      lease?.token,
    );
    const to: string[] | null = row ? valuesOf(row) : null;
    yield { number, from, to };
    if (to === null) return;
    from = to;
  }
}
