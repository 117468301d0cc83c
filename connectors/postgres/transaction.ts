import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { RowOutcome } from '../port.ts';
import { refusal, rowsOf, type Composed, type Layout, type Refusal } from './compose.ts';
import { isAboutRow, said, Unanswered } from './judge.ts';
import { begin } from './transacted.ts';
import { batchTable, foundOf, statementOf, type Statement } from './statements.ts';

/** Characters handed to a connection at once. */
const CopyCharacters = 256 * 1024;

/** Rows of an answer as the server wrote them: a row's number or key, its key in the target, whether it was created. */
type Answer = [string, string, string?];

interface Planned {
  layout: Layout;
  place: number;
  statement: Statement;
  /** The number of the first row of each document, and of the end: rows of documents a to b are one range. */
  from(document: number): number;
  numbers: ReadonlyMap<string, number>;
}

function planned(layout: Layout, place: number): Planned {
  const { rows } = layout;
  return {
    layout,
    place,
    statement: statementOf(layout, place),
    from(document) {
      let low = 0;
      for (let high = rows.length; low < high;) {
        const middle = (low + high) >> 1;
        if ((rows[middle]?.document ?? 0) < document) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    numbers: new Map(rows.map((row, n) => [row.legacyKey, n])),
  };
}

function* pieces(lines: readonly string[]): Generator<string> {
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < CopyCharacters) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** One batch on its way through one transaction. */
export class BatchWork {
  readonly #client: ClientBase;
  readonly batch: Composed;
  readonly #planned: Planned[];
  /** By document: what was said of its rows. */
  readonly #said = new Map<number, RowOutcome[]>();

  constructor(client: ClientBase, batch: Composed) {
    this.#client = client;
    this.batch = batch;
    this.#planned = batch.layouts.map(planned);
  }

  /** Writes all that can be written; what is refused is taken back by itself. Nothing takes effect before COMMIT. */
  async run(): Promise<void> {
    await this.#bring();
    const ranges: [number, number][] = [[0, this.batch.documents.length]];
    for (let range = ranges.pop(); range; range = ranges.pop()) {
      const [from, to] = range;
      const failure = await this.#attempt(() => this.#write(from, to));
      if (failure === null) continue;
      if (to - from > 1) {
        const middle = (from + to) >> 1;
        ranges.push([middle, to], [from, middle]);
      } else await this.#blame(from, failure);
    }
  }

  /** What was said of each row, document by document. */
  get outcomes(): ReadonlyMap<number, RowOutcome[]> {
    return this.#said;
  }

  /** Brings the rows to the server, as they are. */
  async #bring(): Promise<void> {
    const client = this.#client;
    await begin(client, this.#planned);
    for (const { layout, place } of this.#planned) {
      const copy = client.query(copyFrom(`COPY ${batchTable(place, layout.columns.length)} FROM STDIN`));
      await pipeline(Readable.from(pieces(layout.text)), copy);
    }
  }

  /** Does work that is taken back as a whole when a row is refused. @returns what it was refused for */
  async #attempt(work: () => Promise<void>): Promise<unknown> {
    await this.#client.query('SAVEPOINT landfall');
    try {
      await work();
      await this.#client.query('RELEASE SAVEPOINT landfall');
      return null;
    } catch (error) {
      if (!isAboutRow(error)) throw error;
      await this.#client.query('ROLLBACK TO SAVEPOINT landfall; RELEASE SAVEPOINT landfall');
      return error;
    }
  }

  async #write(from: number, to: number): Promise<void> {
    const heard = new Map<string, RowOutcome>();
    const headers = new Map<number, string>();
    for (const one of this.#planned) await this.#rows(one, one.from(from), one.from(to), heard, headers);
    for (let document = from; document < to; document += 1) {
      const of = this.batch.documents[document];
      if (!of || this.batch.refused.has(document)) continue;
      const outcomes = rowsOf(of).map((row) => heard.get(`${row.collection}\n${row.legacyKey}`));
      this.#said.set(
        document,
        outcomes.filter((one) => one !== undefined),
      );
    }
  }

  /** Writes a range of one layout's rows, and accounts for each of them. */
  async #rows(
    { layout, place, statement, numbers }: Planned,
    from: number,
    to: number,
    heard: Map<string, RowOutcome>,
    headers: Map<number, string>,
  ): Promise<void> {
    if (from >= to) return;
    const { collection } = layout.collection;
    const open = new Set(Array.from({ length: to - from }, (_, i) => from + i));
    const note = (n: number | undefined, targetKey: string, outcome: 'created' | 'updated' | 'unchanged'): void => {
      const row = n === undefined ? undefined : layout.rows[n];
      if (n === undefined || !row || !open.delete(n)) return;
      heard.set(`${collection}\n${row.legacyKey}`, { legacyKey: row.legacyKey, collection, outcome, targetKey });
      if (!layout.lines) headers.set(row.document, targetKey);
    };
    const ask = async (text: string, values: unknown[]): Promise<Answer[]> =>
      (await this.#client.query<Answer>({ text, values, rowMode: 'array' })).rows;
    if (layout.columns.length > 0 || statement.by === 'key') {
      const keys = statement.headers ? [[...headers.keys()], [...headers.values()]] : [];
      for (const [row, targetKey, created] of await ask(statement.sql, [from, to, ...keys])) {
        const n = statement.by === 'number' ? Number(row) : numbers.get(row);
        note(n, targetKey, created === 't' ? 'created' : 'updated');
      }
    }
    if (open.size > 0 && layout.deed !== 'create') {
      for (const [n, targetKey] of await ask(foundOf(layout, place), [from, to])) {
        note(Number(n), targetKey, 'unchanged');
      }
    }
    for (const n of open) throw new Unanswered(layout, layout.rows[n]?.legacyKey ?? '');
  }

  /** Finds out which rows of one document were refused; all of it is taken back. */
  async #blame(document: number, failure: unknown): Promise<void> {
    const of = this.batch.documents[document];
    if (!of) return;
    const about: Refusal[] = [];
    const headers = new Map<number, string>();
    await this.#client.query('SAVEPOINT landfall_document');
    for (const one of this.#planned) {
      const ranges: [number, number][] = [[one.from(document), one.from(document + 1)]];
      for (let range = ranges.pop(); range; range = ranges.pop()) {
        const [from, to] = range;
        if (from >= to) continue;
        const error = await this.#attempt(() => this.#rows(one, from, to, new Map(), headers));
        if (error === null) continue;
        const middle = (from + to) >> 1;
        if (to - from > 1) ranges.push([middle, to], [from, middle]);
        else {
          const { layout } = one;
          const legacyKey = layout.rows[from]?.legacyKey ?? '';
          about.push({ collection: layout.collection.collection, legacyKey, ...said(error, layout) });
        }
      }
      // Without its header no line can be written.
      if (about.length > 0 && !one.layout.lines) break;
    }
    await this.#client.query('ROLLBACK TO SAVEPOINT landfall_document; RELEASE SAVEPOINT landfall_document');
    // Rows that are refused together and not one by one: the first of them stands for the document.
    const [first] = rowsOf(of);
    if (about.length === 0 && first) about.push({ ...first, ...said(failure, null) });
    this.#said.set(document, refusal(of, about));
  }
}
