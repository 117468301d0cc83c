import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DatabaseError, type ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { LineColumn, LineRows, TargetCall, TargetCollection } from '../port.ts';
import { armColumn, digitsOf, type Catalogue, type Table } from './catalogue.ts';
import type { Layout, Written } from './compose.ts';
import { next } from './judge.ts';
import { lineEnds, linesOf } from './lines.ts';
import type { Session } from './session.ts';
import { batchTable, copyOfAll, copyOfFound } from './statements.ts';
import { begin, BrokenOff, transacted } from './transacted.ts';

/** The answers do not account for each row. */
class Declined extends BrokenOff {}

/**
 * Writes rows in one transaction, all or none: the lines are copied into a temporary table as they come, one statement
 * takes them from there, and what it says of each row is handed on as the server wrote it. No row becomes an object here.
 *
 * @param accept whether the answers account for each row
 */
export async function writeLines(
  session: Session,
  catalogue: Catalogue,
  rows: LineRows,
  accept: (answers: AsyncIterable<string>) => Promise<boolean>,
  call: TargetCall,
): Promise<'written' | 'declined' | 'uncertain'> {
  const layout = layoutOf(await catalogue.table(rows.collection.collection), rows);
  if (layout === null) return 'declined';
  for (let attempt = 1; ; attempt += 1) {
    const result = await transacted(session, call, async (client, spoil) => {
      await bring(client, layout, rows);
      await judge(answers(client, layout, rows.count), accept, spoil);
    });
    if (result.kind === 'committed') return 'written';
    if (result.kind === 'unanswered') return 'uncertain';
    const { error } = result;
    if (error instanceof Declined) return 'declined';
    if (error instanceof BrokenOff) throw error.cause;
    const what = next(error);
    // Documents are cut into smaller transactions, and find the row that is refused.
    if (what.kind === 'split') return 'declined';
    if (what.kind === 'over' || attempt >= session.settings.target.tries) {
      catalogue.forget();
      throw session.translate(error);
    }
    await sleep(what.waitMs * attempt, undefined, call.signal ? { signal: call.signal } : {});
  }
}

/** How the rows lie in the table; null where their texts, as they are, are not what would be written. */
function layoutOf(table: Table, { collection, columns }: LineRows): Layout | null {
  const written = columns.map((one) => writtenOf(table, collection, one));
  if (!written.every((one) => one !== null)) return null;
  return { collection, table, deed: 'upsert', lines: false, columns: written, rows: [], text: [] };
}

function writtenOf(
  table: Table,
  { legacyKey, shape }: TargetCollection,
  { field, collection }: LineColumn,
): Written | null {
  const kind = shape[field]?.type;
  const arms = kind?.kind === 'reference' && kind.collections.length > 1 ? kind.collections : null;
  if (arms !== null && (collection === undefined || !arms.includes(collection))) return null;
  const column = table.columns.get(arms !== null && collection !== undefined ? armColumn(field, collection) : field);
  // The legacy key is written by itself, whatever the row repeats of it.
  if (column === undefined || field === legacyKey) return null;
  // PostgreSQL rounds to the column's scale without a word.
  const digits = digitsOf(column);
  const rounds = kind?.kind === 'decimal' && digits !== null && kind.scale > Math.max(0, digits.scale);
  return rounds ? null : { column, fromHeader: false };
}

/** Brings the rows to the server, as they are. */
async function bring(client: ClientBase, layout: Layout, rows: LineRows): Promise<void> {
  await begin(client, [{ layout, place: 0 }]);
  const width = layout.columns.length;
  const names = ['k', ...layout.columns.map((_one, i) => `v${i}`)];
  // A piece ahead: each is some hundred kilobytes.
  const copy = client.query(copyFrom(`COPY ${batchTable(0, width)} (${names.join(', ')}) FROM STDIN`));
  await pipeline(Readable.from(own(rows.lines()), { highWaterMark: 1 }), copy);
}

/** Lines of which it is told when it was they that broke off, and not the target. */
async function* own(lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    throw new BrokenOff('the lines broke off', { cause: error });
  }
}

/** @throws BrokenOff where the answers are not accepted, or whoever reads them fails; else what the target failed with */
async function judge(
  said: AsyncIterable<string>,
  accept: (answers: AsyncIterable<string>) => Promise<boolean>,
  spoil: (error: Error) => void,
): Promise<void> {
  let whole = false;
  const failures: unknown[] = [];
  async function* heard(): AsyncGenerator<string> {
    try {
      yield* said;
      whole = true;
    } catch (error) {
      whole = error instanceof DatabaseError;
      failures.push(error);
      throw error;
    }
  }
  try {
    const accepted = await accept(heard());
    if (!accepted || !whole) throw new Declined();
  } catch (error) {
    // An answer that was not read to its end stands in the way of whatever is asked next.
    if (!whole) spoil(new Error('the answer was not read to its end'));
    if (error instanceof BrokenOff || failures.includes(error)) throw error;
    throw new BrokenOff('the answers could not be read', { cause: error });
  }
}

/** What the statement says of the rows that it wrote, then, where it left some as they were, of those that are there. */
async function* answers(client: ClientBase, layout: Layout, count: number): AsyncGenerator<string> {
  let said = 0;
  for (const sql of [copyOfAll(layout, 0), copyOfFound(layout, 0)]) {
    if (said >= count) return;
    for await (const lines of linesOf(client, sql)) {
      said += lineEnds(lines);
      yield lines;
    }
  }
}
