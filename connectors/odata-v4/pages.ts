import type { TargetCall } from '../port.ts';
import { protocolError } from './errors.ts';
import { parseExactly, type JsonRow } from './numbers.ts';
import type { Session } from './session.ts';

/** One page of a collection. */
export interface Page {
  rows: JsonRow[];
  /** Where the next page is, as the service wrote it: never taken apart. */
  next: string | null;
  /** When the service answered, by its own clock; ISO 8601 in UTC. */
  asAt: string;
}

/** Reads one page. */
export async function page(session: Session, path: string, call: TargetCall, prefer?: string): Promise<Page> {
  const preferences = [`odata.maxpagesize=${session.settings.pageRows}`, ...(prefer === undefined ? [] : [prefer])];
  const answer = await session.read(path, { Prefer: preferences.join(',') }, call);
  const body = parsed(answer.text);
  const rows = body?.['value'];
  if (!Array.isArray(rows)) throw protocolError('The target’s answer holds no rows.', session.where);
  const next = body?.['@odata.nextLink'];
  const date = Date.parse(answer.header('date') ?? '');
  return {
    rows: rows as JsonRow[],
    next: typeof next === 'string' ? next : null,
    asAt: new Date(Number.isNaN(date) ? Date.now() : date).toISOString(),
  };
}

/** Reads every page from `path` on. */
export async function* pages(
  session: Session,
  path: string,
  call: TargetCall,
  prefer?: string,
): AsyncGenerator<Page, void, undefined> {
  let next: string | null = path;
  while (next !== null) {
    const one: Page = await page(session, next, call, prefer);
    yield one;
    next = one.next;
  }
}

function parsed(text: string): JsonRow | null {
  try {
    const body = parseExactly(text);
    return typeof body === 'object' && body !== null ? (body as JsonRow) : null;
  } catch {
    return null;
  }
}
