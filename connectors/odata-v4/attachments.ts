import { LandfallError } from '../../model/errors.ts';
import type { TargetCall, TargetCollection } from '../port.ts';
import { byTargetKey } from './addresses.ts';
import { protocolError, statusError } from './errors.ts';
import type { Answer, Request, Session } from './session.ts';

/** The size of a slice unless the service names another: Dataverse recommends, and takes at most, 4 MiB. */
const SliceBytes = 4 * 1024 * 1024;

export interface AttachedFile {
  name: string;
  bytes: number;
  content: () => AsyncIterable<Uint8Array>;
}

/**
 * Streams bytes into a file column. Up to one slice goes in a single request, more in slices that the service puts
 * together; memory holds one slice.
 *
 * Source: Dataverse, “Use file column data” (upload in a single request, upload in chunks).
 */
export async function putAttachment(
  session: Session,
  collection: TargetCollection,
  targetKey: string,
  property: string,
  file: AttachedFile,
  call: TargetCall,
): Promise<void> {
  const service = await session.metadata({ call });
  const path = `${byTargetKey(service, collection.collection, targetKey)}/${property}`;
  const name = encodeURIComponent(file.name);
  const octets = { 'Content-Type': 'application/octet-stream' };
  if (session.settings.dialect === 'plain') {
    // A stream property takes a PUT (OData 4.0 part 1, 11.4.8.1).
    const body = await whole(session, property, file);
    await sent(session, { method: 'PUT', path, headers: octets, body }, call, property);
    return;
  }
  // The header cannot hold names beyond ASCII; the query can.
  const named = `${path}?x-ms-file-name=${name}`;
  if (file.bytes <= SliceBytes) {
    const body = await whole(session, property, file);
    await sent(session, { method: 'PATCH', path: named, headers: octets, body }, call, property);
    return;
  }
  const start = { method: 'PATCH', path: named, headers: { 'x-ms-transfer-mode': 'chunked' }, body: '' } as const;
  const opened = await sent(session, start, call, property);
  const location = opened.header('location');
  if (location === undefined) throw protocolError('The target opened an upload without saying where.', session.where);
  const advised = Number(opened.header('x-ms-chunk-size') ?? SliceBytes);
  const slice = Number.isSafeInteger(advised) && advised > 0 ? Math.min(advised, SliceBytes) : SliceBytes;
  let from = 0;
  for await (const bytes of slices(file.content(), slice)) {
    const range = `bytes ${from}-${from + bytes.length - 1}/${file.bytes}`;
    const headers = { ...octets, 'Content-Range': range };
    await sent(session, { method: 'PATCH', path: location, headers, body: bytes }, call, property);
    from += bytes.length;
  }
  if (from !== file.bytes) throw wrongSize(session, property, file.bytes, from);
}

/** The bytes of a file column, as they come; null when it is empty. */
export async function openAttachment(
  session: Session,
  collection: TargetCollection,
  targetKey: string,
  property: string,
  call: TargetCall,
): Promise<AsyncIterable<Uint8Array> | null> {
  const service = await session.metadata({ call });
  const path = `${byTargetKey(service, collection.collection, targetKey)}/${property}`;
  const value = session.settings.dialect === 'plain' ? path : `${path}/$value`;
  const { status, stream, done } = await session.stream(value, call);
  // Whatever ends the stream gives the turn back: its end, an error, or a reader that stops early.
  stream.once('close', done);
  if (status === 200) return stream as AsyncIterable<Uint8Array>;
  stream.destroy();
  if (status === 204 || status === 404) return null;
  throw statusError(status, '', { ...session.where, property });
}

async function sent(session: Session, request: Request, call: TargetCall, property: string): Promise<Answer> {
  const answer = await session.send(request, call);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw statusError(answer.status, answer.text, { ...session.where, property });
}

async function whole(session: Session, property: string, file: AttachedFile): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of file.content()) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (bytes.length !== file.bytes) throw wrongSize(session, property, file.bytes, bytes.length);
  return bytes;
}

/** Cuts a stream into slices of exactly `size` bytes, the last one shorter. */
async function* slices(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (let part of content) {
    while (held + part.length >= size) {
      const take = size - held;
      yield Buffer.concat([...parts, part.subarray(0, take)]);
      parts = [];
      held = 0;
      part = part.subarray(take);
    }
    if (part.length > 0) {
      parts.push(part);
      held += part.length;
    }
  }
  if (held > 0) yield Buffer.concat(parts);
}

function wrongSize(session: Session, property: string, due: number, got: number): LandfallError {
  return new LandfallError({
    code: 'target.attachment-size',
    kind: 'permanent',
    what: `An attachment holds ${got} bytes where ${due} were announced.`,
    where: { ...session.where, property },
    hint: 'The source changed while it was read: extract the entity again.',
  });
}
