import type { ChunkBounds, DuckRead, LeaseRef, ReadRequest } from '../port.ts';
import { attach, duckLiteral } from './attach.ts';
import { chunkCondition } from './chunks.ts';
import { brokenOff } from './errors.ts';
import { literal, quotedName } from './names.ts';
import type { Session } from './session.ts';
import { selected } from './types.ts';

/** How DuckDB reads one chunk itself, within the lease's snapshot: no row passes through JavaScript. */
export function readChunk(session: Session, request: ReadRequest, bounds: ChunkBounds, lease?: LeaseRef): DuckRead {
  const columns = request.columns.map((column) => selected(column)).join(', ');
  const query = `SELECT ${columns} FROM ${quotedName(request.object)} WHERE ${chunkCondition(request, bounds)}`;
  const join = lease
    ? ['BEGIN', `CALL postgres_execute('source', ${duckLiteral(`SET TRANSACTION SNAPSHOT ${literal(lease.token)}`)})`]
    : [];
  return {
    via: 'duckdb',
    extension: 'postgres_scanner',
    setup: [attach(session, 'source'), ...join],
    select: `SELECT * FROM postgres_query('source', ${duckLiteral(query)})`,
    teardown: [...(lease ? ['COMMIT'] : []), 'DETACH source'],
    brokenOff: (message) => brokenOff(message, session.name, session.settings, 'source'),
  };
}

export async function countChunk(
  session: Session,
  request: ReadRequest,
  bounds: ChunkBounds,
  lease?: LeaseRef,
): Promise<number> {
  const [row] = await session.query(
    `SELECT count(*) AS n FROM ${quotedName(request.object)} WHERE ${chunkCondition(request, bounds)}`,
    [],
    lease?.token,
  );
  return Number(row?.['n']);
}

/**
 * Whether a chunk read in an earlier snapshot would read the same in the lease's: as many rows, and none that was written
 * by a transaction the earlier snapshot did not see. `xmin` is widened by the current epoch; a row frozen more than 2^32
 * transactions ago may look new, which only means that the chunk is read again.
 */
export async function stillStands(
  session: Session,
  request: ReadRequest,
  bounds: ChunkBounds,
  since: { position: string; rows: number },
  lease: LeaseRef,
): Promise<boolean> {
  const snapshot = /^snapshot (\d+:\d+:[\d,]*)/.exec(since.position)?.[1];
  if (snapshot === undefined) return false;
  const [row] = await session.query(
    `WITH now AS (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS x),
          seen AS (SELECT t.xmin::text::bigint AS low FROM ${quotedName(request.object)} t
                   WHERE ${chunkCondition(request, bounds)})
     SELECT count(*) AS n, coalesce(bool_and(pg_visible_in_snapshot(
       ((now.x - ((now.x - seen.low) % 4294967296 + 4294967296) % 4294967296))::text::xid8, $1::pg_snapshot)), true) AS same
     FROM now LEFT JOIN seen ON true WHERE seen.low IS NOT NULL`,
    [snapshot],
    lease.token,
  );
  return Number(row?.['n']) === since.rows && row?.['same'] === 't';
}
