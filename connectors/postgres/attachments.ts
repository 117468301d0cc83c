import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { LandfallError } from '../../model/errors.ts';
import type { LeaseRef, TargetCall, TargetCollection } from '../port.ts';
import { asked } from './asked.ts';
import { columnOf, type Catalogue } from './catalogue.ts';
import { quoted, quotedName } from './names.ts';
import type { Session, TextRow } from './session.ts';

const SliceBytes = 1024 * 1024;
/** Slices that one COPY brings: no statement may take longer than the server allows. */
const SlicesAtOnce = 16;
/** The longest bytea: a gibibyte less what the server needs around it (PostgreSQL manual, appendix K). */
const MostBytes = 1024 ** 3 - 64;

type Ask = (sql: string, values: readonly string[]) => Promise<TextRow[]>;

async function slicesOf(
  ask: Ask,
  column: string,
  from: string,
  values: readonly string[],
): Promise<AsyncIterable<Uint8Array> | null> {
  const [row] = await ask(`SELECT octet_length(${column}) AS bytes ${from}`, values);
  const bytes = row?.['bytes'];
  if (bytes === undefined || bytes === null) return null;
  async function* slices(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < Number(bytes); offset += SliceBytes) {
      const [slice] = await ask(
        `SELECT encode(substring(${column} FROM ${offset + 1} FOR ${SliceBytes}), 'base64') AS slice ${from}`,
        values,
      );
      yield Buffer.from(slice?.['slice'] ?? '', 'base64');
    }
  }
  return slices();
}

/**
 * The bytes of one bytea column, slice by slice. Cheap when the column is stored EXTERNAL; a compressed column is
 * unpacked by the server for every slice (PostgreSQL manual, 73.2 TOAST).
 */
export async function openAttachment(
  session: Session,
  request: { object: string; key: readonly string[]; column: string },
  keyValues: readonly string[],
  lease?: LeaseRef,
): Promise<AsyncIterable<Uint8Array> | null> {
  // Compared as what the column is and not as text, so that the key's index finds the row.
  const where = request.key.map((name, i) => `${quoted(name)} = $${i + 1}`).join(' AND ');
  const from = `FROM ${quotedName(request.object)} WHERE ${where}`;
  return slicesOf((sql, values) => session.query(sql, values, lease?.token), quoted(request.column), from, keyValues);
}

/** The bytes of a row's bytea column in the target, slice by slice; null when it is NULL. */
export async function openTargetAttachment(
  session: Session,
  catalogue: Catalogue,
  collection: TargetCollection,
  targetKey: string,
  property: string,
  call: TargetCall,
): Promise<AsyncIterable<Uint8Array> | null> {
  const { cast } = columnOf(await catalogue.table(collection.collection), collection.id, { connection: session.name });
  const from = `FROM ${quotedName(collection.collection)} WHERE ${quoted(collection.id)} = $1::${cast}`;
  return slicesOf((sql, values) => asked(session, call, sql, values), quoted(property), from, [targetKey]);
}

/**
 * Streams bytes into a bytea column. They are brought slice by slice into a temporary table of the connection, and put
 * together by the server in one statement: this process holds some slices, the server the whole value, as it must for a
 * bytea. A text column beside it, named after it with `_name`, receives the file's name.
 */
export async function putAttachment(
  session: Session,
  catalogue: Catalogue,
  collection: TargetCollection,
  targetKey: string,
  property: string,
  file: { name: string; bytes: number; content: () => AsyncIterable<Uint8Array> },
  call: TargetCall,
): Promise<void> {
  const where = { connection: session.name, collection: collection.collection, property };
  const table = await catalogue.table(collection.collection);
  const column = columnOf(table, property, where);
  const { cast } = columnOf(table, collection.id, where);
  if (column.type !== 'bytea') {
    throw refusedFile(where, `Attachments go into bytea columns, and this one is ${column.native}.`);
  }
  if (file.bytes > MostBytes) {
    throw refusedFile(where, `An attachment of ${file.bytes} bytes is longer than a bytea can be.`);
  }
  const name = `${property}_name`;
  const named = table.columns.get(name)?.type === 'text' ? `, ${quoted(name)} = $2` : '';
  const leave = await call.gate.enter(call.signal);
  const started = performance.now();
  try {
    await session.borrow(async (client, spoil) => {
      try {
        await client.query(
          `CREATE TEMPORARY TABLE IF NOT EXISTS landfall_bytes (n integer PRIMARY KEY, part bytea);
           ALTER TABLE pg_temp.landfall_bytes ALTER COLUMN part SET STORAGE EXTERNAL; TRUNCATE pg_temp.landfall_bytes`,
        );
        let bytes = 0;
        for await (const group of groups(file.content())) {
          const copy = client.query(copyFrom('COPY pg_temp.landfall_bytes FROM STDIN (FORMAT binary)'));
          await pipeline(Readable.from(binaryRows(group)), copy);
          bytes += group.reduce((sum, { part }) => sum + part.length, 0);
        }
        if (bytes !== file.bytes) throw wrongSize(where, file.bytes, bytes);
        await call.stillOurs?.();
        call.signal?.throwIfAborted();
        const { rowCount } = await client.query(
          `UPDATE ${quotedName(collection.collection)} SET ${quoted(property)} =
             (SELECT coalesce(string_agg(part, ''::bytea ORDER BY n), ''::bytea) FROM pg_temp.landfall_bytes)${named}
           WHERE ${quoted(collection.id)} = $1::${cast}`,
          named === '' ? [targetKey] : [targetKey, file.name],
        );
        await client.query('TRUNCATE pg_temp.landfall_bytes');
        if (rowCount !== 1) throw refusedFile(where, 'The row that the attachment belongs to is not there.');
      } catch (error) {
        // Whatever is half done lies in this connection's temporary table alone.
        spoil(error instanceof Error ? error : new Error('failed'));
        throw error;
      }
    }, call.signal);
    call.gate.report('ok', { latencyMs: performance.now() - started });
  } catch (error) {
    call.gate.report('failed');
    throw call.signal?.aborted ? error : session.translate(error, where);
  } finally {
    leave();
  }
}

interface Slice {
  n: number;
  part: Uint8Array;
}

/** Cuts what comes into slices, and hands on some of them at a time. */
async function* groups(content: AsyncIterable<Uint8Array>): AsyncGenerator<Slice[]> {
  let group: Slice[] = [];
  let n = 0;
  for await (const piece of content) {
    for (let at = 0; at < piece.length; at += SliceBytes) {
      group.push({ n, part: piece.subarray(at, at + SliceBytes) });
      n += 1;
      if (group.length < SlicesAtOnce) continue;
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}

/** Rows of a number and bytes in COPY's binary format (PostgreSQL manual, COPY, “Binary Format”). */
function* binaryRows(group: readonly Slice[]): Generator<Buffer> {
  yield Buffer.concat([Buffer.from('PGCOPY\n\u00FF\r\n\0', 'latin1'), Buffer.alloc(8)]);
  for (const { n, part } of group) {
    const head = Buffer.alloc(14);
    head.writeInt16BE(2, 0);
    head.writeInt32BE(4, 2);
    head.writeInt32BE(n, 6);
    head.writeInt32BE(part.length, 10);
    yield head;
    yield Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  }
  yield Buffer.from([0xff, 0xff]);
}

function refusedFile(where: object, what: string): LandfallError {
  return new LandfallError({
    code: 'target.attachment-refused',
    kind: 'permanent',
    what,
    where: { ...where },
    hint: 'Check `attachments` of the entity against the target’s table.',
  });
}

function wrongSize(where: object, due: number, got: number): LandfallError {
  return new LandfallError({
    code: 'target.attachment-size',
    kind: 'permanent',
    what: `An attachment holds ${got} bytes where ${due} were announced.`,
    where: { ...where },
    hint: 'The source changed while it was read: extract the entity again.',
  });
}
