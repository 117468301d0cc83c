import type { ClientBase } from 'pg';
import { to as copyTo } from 'pg-copy-streams';

/** How many lines end in a text. */
export function lineEnds(text: string): number {
  let ends = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends += 1;
  return ends;
}

/** Characters that are handed on at once, about. */
const PieceCharacters = 256 * 1024;

/** What a statement `COPY … TO STDOUT` says, in pieces of whole lines, as the server wrote them. */
export async function* linesOf(client: ClientBase, sql: string): AsyncGenerator<string> {
  let text = '';
  for await (const piece of client.query(copyTo(sql)).setEncoding('utf8') as AsyncIterable<string>) {
    text += piece;
    if (text.length < PieceCharacters) continue;
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) continue;
    yield text.slice(0, end);
    text = text.slice(end);
  }
  if (text !== '') yield text;
}
