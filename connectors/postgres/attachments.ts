import type { LeaseRef } from '../port.ts';
import { quoted, quotedName } from './names.ts';
import type { Session } from './session.ts';

const SliceBytes = 1024 * 1024;

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
  const column = quoted(request.column);
  const where = request.key.map((name, i) => `${quoted(name)}::text = $${i + 1}`).join(' AND ');
  const from = `FROM ${quotedName(request.object)} WHERE ${where}`;
  const [row] = await session.query(`SELECT octet_length(${column}) AS bytes ${from}`, keyValues, lease?.token);
  const bytes = row?.['bytes'];
  if (bytes === undefined || bytes === null) return null;
  async function* slices(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < Number(bytes); offset += SliceBytes) {
      const [slice] = await session.query(
        `SELECT encode(substring(${column} FROM ${offset + 1} FOR ${SliceBytes}), 'base64') AS slice ${from}`,
        keyValues,
        lease?.token,
      );
      yield Buffer.from(slice?.['slice'] ?? '', 'base64');
    }
  }
  return slices();
}
