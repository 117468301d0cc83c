/**
 * Multipart batches (OData 4.0 part 1, 11.7 Batch Requests), written and read as text: a row's body is JSON already and
 * is never parsed on its way out.
 */

const Eol = '\r\n';

/** One answer in a batch. */
export interface AnswerPart {
  contentId: string | null;
  status: number;
  /** The headers of the answer, lower-case names. */
  headers: Map<string, string>;
  body: string;
  /** Answers of one change set share a number; null outside of change sets. */
  changeSet: number | null;
}

const httpPart = `Content-Type: application/http${Eol}Content-Transfer-Encoding: binary${Eol}`;

/** One request within a batch, without the boundary before it. */
export function requestPart(contentId: number, line: string, headers: string, body = ''): string {
  return `${httpPart}Content-ID: ${contentId}${Eol}${Eol}${line} HTTP/1.1${Eol}${headers}${Eol}${body}${Eol}`;
}

/** Requests that stand or fall together, as one part of a batch. */
export function changeSetPart(boundary: string, parts: readonly string[]): string {
  let text = `Content-Type: multipart/mixed; boundary=${boundary}${Eol}${Eol}`;
  for (const part of parts) text += `--${boundary}${Eol}${part}`;
  return `${text}--${boundary}--${Eol}`;
}

/** A whole batch. */
export function batchBody(boundary: string, parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += `--${boundary}${Eol}${part}`;
  return `${text}--${boundary}--${Eol}`;
}

/** The boundary that a Content-Type names; null when it is not multipart. */
export function boundaryOf(contentType: string | undefined): string | null {
  if (contentType === undefined || !/^\s*multipart\/mixed/i.test(contentType)) return null;
  const match = /boundary="([^"]+)"|boundary=([^;\s]+)/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

/** Reads the answers of a batch, change sets opened. Parts that are cut short are left out. */
export function parseBatch(text: string, boundary: string): AnswerPart[] {
  const answers: AnswerPart[] = [];
  let changeSets = 0;
  for (const part of partsOf(text, boundary)) {
    const [head, content] = headAndBody(part);
    const headers = headersOf(head);
    const inner = boundaryOf(headers.get('content-type'));
    if (inner === null) {
      const answer = answerOf(headers, content, null);
      if (answer) answers.push(answer);
      continue;
    }
    changeSets += 1;
    for (const member of partsOf(content, inner)) {
      const [memberHead, memberContent] = headAndBody(member);
      const answer = answerOf(headersOf(memberHead), memberContent, changeSets);
      if (answer) answers.push(answer);
    }
  }
  return answers;
}

/** The text between boundaries. A last part without its closing boundary was cut and is not given. */
function partsOf(text: string, boundary: string): string[] {
  const delimiter = `--${boundary}`;
  const parts: string[] = [];
  let from = -1;
  for (let at = text.indexOf(delimiter); at !== -1; at = text.indexOf(delimiter, at + delimiter.length)) {
    if (at > 0 && text[at - 1] !== '\n') continue;
    const after = text[at + delimiter.length];
    // Boundaries may begin alike: `cs1` and `cs10`.
    if (after !== '-' && after !== '\r' && after !== '\n' && after !== ' ' && after !== undefined) continue;
    if (from !== -1) parts.push(text.slice(from, at));
    from = text.indexOf('\n', at) + 1;
    if (text.startsWith('--', at + delimiter.length) || from === 0) return parts;
  }
  return parts;
}

function headAndBody(part: string): [head: string, body: string] {
  const crlf = part.indexOf('\r\n\r\n');
  const lf = part.indexOf('\n\n');
  if (crlf !== -1 && (lf === -1 || crlf < lf)) return [part.slice(0, crlf), part.slice(crlf + 4)];
  return lf === -1 ? [part, ''] : [part.slice(0, lf), part.slice(lf + 2)];
}

function headersOf(head: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

function answerOf(outer: Map<string, string>, content: string, changeSet: number | null): AnswerPart | null {
  const [head, body] = headAndBody(content);
  const status = /^\s*HTTP\/\d(?:\.\d)? (\d{3})/.exec(head)?.[1];
  if (status === undefined) return null;
  const headers = headersOf(head);
  const contentId = outer.get('content-id') ?? headers.get('content-id') ?? null;
  return { contentId, status: Number(status), headers, body: body.trimEnd(), changeSet };
}
