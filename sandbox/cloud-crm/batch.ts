import { problems } from './problem.ts';

export interface Operation {
  method: string;
  /** As written: relative to the service root, or absolute. */
  url: string;
  headers: Record<string, string>;
  body: string;
  contentId: string | null;
}

export type BatchPart = { kind: 'single'; operation: Operation } | { kind: 'changeset'; operations: Operation[] };

export function boundaryOf(contentType: string): string {
  const match = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw problems.syntax('multipart without boundary');
  return boundary;
}

function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function splitHead(text: string): [head: string, rest: string] {
  const match = /\r?\n\r?\n/.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text, ''];
}

function sections(text: string, boundary: string): string[] {
  const parts = text.split(`--${boundary}`);
  // What stands before the first delimiter and after the closing one belongs to nobody (RFC 2046, 5.1.1).
  return parts
    .slice(1)
    .filter((part) => !part.startsWith('--'))
    .map((part) => part.replace(/^\r?\n/, '').replace(/\r?\n$/, ''));
}

function operationOf(section: string): Operation {
  const [mime, http] = splitHead(section);
  const [head, body] = splitHead(http);
  const [request = '', ...lines] = head.split(/\r?\n/);
  const match = /^(\w+)\s+(\S+)\s+HTTP\/1\.1$/.exec(request.trim());
  if (!match) throw problems.syntax('in a member of the batch');
  const outer = headersOf(mime);
  const headers = headersOf(lines.join('\r\n'));
  return {
    method: match[1] ?? '',
    url: match[2] ?? '',
    headers,
    body,
    contentId: outer['content-id'] ?? headers['content-id'] ?? null,
  };
}

/** Reads a multipart batch (OData 4.0 part 1, 11.7). */
export function parseBatch(text: string, boundary: string): BatchPart[] {
  return sections(text, boundary).map((section): BatchPart => {
    const [head, rest] = splitHead(section);
    const type = headersOf(head)['content-type'] ?? '';
    if (!type.startsWith('multipart/mixed')) return { kind: 'single', operation: operationOf(section) };
    return { kind: 'changeset', operations: sections(rest, boundaryOf(type)).map(operationOf) };
  });
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
  contentId: string | null;
}

const phrases: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  400: 'Bad Request',
  404: 'Not Found',
  412: 'Precondition Failed',
  500: 'Internal Server Error',
};

function answerText(answer: Answer): string {
  const id = answer.contentId === null ? '' : `Content-ID: ${answer.contentId}\r\n`;
  const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const type = answer.body === '' ? '' : 'Content-Type: application/json; odata.metadata=minimal\r\n';
  return (
    `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n${id}\r\n` +
    `HTTP/1.1 ${answer.status} ${phrases[answer.status] ?? 'Status'}\r\n${headers.join('')}${type}OData-Version: 4.0\r\n\r\n${answer.body}\r\n`
  );
}

/** Writes the answers: one part for each single request, one nested multipart for each change set that succeeded. */
export function writeBatch(parts: readonly (Answer | readonly Answer[])[], boundary: string): string {
  const texts = parts.map((part, i) => {
    if (!Array.isArray(part)) return `--${boundary}\r\n${answerText(part as Answer)}`;
    const inner = `changesetresponse_${i}`;
    const members = (part as readonly Answer[]).map((answer) => `--${inner}\r\n${answerText(answer)}`);
    return `--${boundary}\r\nContent-Type: multipart/mixed; boundary=${inner}\r\n\r\n${members.join('')}--${inner}--\r\n`;
  });
  return `${texts.join('')}--${boundary}--\r\n`;
}
