import type { IncomingMessage, ServerResponse } from 'node:http';
import type pg from 'pg';
import type { EntitySet } from './model.ts';
import { problems } from './problem.ts';

const ChunkBytes = 4 * 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function nameOf(request: IncomingMessage, query: URLSearchParams): string {
  const header = request.headers['x-ms-file-name'];
  const name = query.get('x-ms-file-name') ?? (typeof header === 'string' ? header : null);
  return name === null ? 'file' : decodeURIComponent(name);
}

/**
 * File columns (Dataverse, "Use file column data"): one PATCH for small files; for large ones a PATCH with
 * `x-ms-transfer-mode: chunked` gives a Location, to which blocks go with Content-Range.
 */
export async function handleFile(
  pool: pg.Pool,
  at: { set: EntitySet; id: string; property: string; value: boolean; root: string },
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  const place = [at.set.set, at.id, at.property];
  const found = await pool.query(`SELECT 1 FROM "${at.set.set}" WHERE "${at.set.id}" = $1`, [at.id]);
  if (found.rowCount === 0) throw problems.notFound(at.set.type);

  if (request.method === 'GET') {
    const { rows } = await pool.query<{ part: number }>(
      'SELECT part FROM "$files" WHERE entity_set = $1 AND id = $2 AND property = $3 AND part > 0 ORDER BY part',
      place,
    );
    const named = await pool.query<{ name: string }>(
      'SELECT name FROM "$files" WHERE entity_set = $1 AND id = $2 AND property = $3 AND part = 0',
      place,
    );
    if (named.rowCount === 0) {
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    for (const { part } of rows) {
      const piece = await pool.query<{ bytes: Buffer }>(
        'SELECT bytes FROM "$files" WHERE entity_set = $1 AND id = $2 AND property = $3 AND part = $4',
        [...place, part],
      );
      response.write(piece.rows[0]?.bytes ?? Buffer.alloc(0));
    }
    response.end();
    return;
  }

  const clear = 'DELETE FROM "$files" WHERE entity_set = $1 AND id = $2 AND property = $3 AND part >= $4';
  const put =
    'INSERT INTO "$files" (entity_set, id, property, part, name, bytes) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (entity_set, id, property, part) DO UPDATE SET name = excluded.name, bytes = excluded.bytes';

  if (request.headers['x-ms-transfer-mode'] === 'chunked') {
    request.resume();
    const name = nameOf(request, query);
    const link = new URLSearchParams({ sessiontoken: `${at.id}.${at.property}`, 'x-ms-file-name': name });
    response
      .writeHead(200, {
        Location: `${at.root}/${at.set.set}(${at.id})/${at.property}?${link.toString()}`,
        'x-ms-chunk-size': String(ChunkBytes),
        'Accept-Ranges': 'bytes',
      })
      .end();
    return;
  }
  const body = await bodyOf(request);
  const name = nameOf(request, query);
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers['content-range'] ?? '');
  if (query.has('sessiontoken') && range) {
    const [start, end, total] = [Number(range[1]), Number(range[2]), Number(range[3])];
    if (body.length !== end - start + 1) throw problems.syntax('Content-Range does not fit the body');
    if (start === 0) await pool.query(clear, [...place, 0]);
    await pool.query(put, [...place, 1 + start / ChunkBytes, null, body]);
    const last = end + 1 === total;
    if (last) await pool.query(put, [...place, 0, name, null]);
    response.writeHead(last ? 204 : 206).end();
    return;
  }
  await pool.query(clear, [...place, 0]);
  if (body.length > 0) await pool.query(put, [...place, 1, null, body]);
  await pool.query(put, [...place, 0, name, null]);
  response.writeHead(204).end();
}
