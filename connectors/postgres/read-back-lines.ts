import { escapeLiteral } from 'pg';
import type { LinePage, TargetCall, TargetCollection } from '../port.ts';
import { gated } from './asked.ts';
import { armColumn, columnOf, type Catalogue, type Column, type Table } from './catalogue.ts';
import { lineEnds, linesOf } from './lines.ts';
import { quoted, quotedName } from './names.ts';
import { afterOf, instant, tokenOf } from './read-back.ts';
import type { Session } from './session.ts';

/** How many pages of objects a page of lines holds: it costs a fraction of them. */
const PagesInOne = 5;

/** Years before 1 as ISO 8601 counts them, from 0 down: the server's own text has them as BC. */
function isoOf(column: string, { type }: Column): string {
  if (type === 'bool') return `${column}::text`;
  if (type !== 'date' && type !== 'timestamp' && type !== 'timestamptz') return column;
  const rest = type === 'date' ? '-MM-DD' : '-MM-DD"T"HH24:MI:SS.US"Z"';
  return `CASE WHEN isfinite(${column}) AND extract(year FROM ${column}) < 1
    THEN to_char(extract(year FROM ${column}) + 1, 'FM0000') || to_char(${column}, '${rest}') ELSE ${column}::text END`;
}

/** A field's value as the lines have it; null where the pages of objects read it otherwise. */
function valueOf(table: Table, { collection, shape }: TargetCollection, field: string, where: object): string | null {
  const kind = shape[field]?.type;
  if (kind?.kind === 'reference' && kind.collections.length > 1) {
    const arms = kind.collections.map((arm) => columnOf(table, armColumn(field, arm), { ...where, collection }));
    return `coalesce(${arms.map(({ name }) => `${quoted(name)}::text`).join(', ')})`;
  }
  const column = columnOf(table, field, { ...where, collection });
  const whole = kind?.kind === 'integer' || kind?.kind === 'choice';
  if (whole && !/^int[248]$/.test(column.type)) return null;
  return isoOf(quoted(column.name), column);
}

/** A page of the rows that carry a legacy key, in the order of the target's own keys, as the server writes it. */
export async function readBackLines(
  session: Session,
  catalogue: Catalogue,
  collection: TargetCollection,
  fields: readonly string[],
  after: string | null,
  take: (lines: AsyncIterable<string>) => Promise<void>,
  call: TargetCall,
): Promise<LinePage | null> {
  const table = await catalogue.table(collection.collection);
  const values = fields.map((field) => valueOf(table, collection, field, { connection: session.name }));
  if (!values.every((one) => one !== null)) return null;
  const id = quoted(collection.id);
  const key = quoted(collection.legacyKey);
  const pageRows = PagesInOne * session.settings.target.pageRows;
  const { cast } = columnOf(table, collection.id, {});
  const from = after === null ? '' : `AND ${id} > ${escapeLiteral(afterOf(session, collection, after))}::${cast}`;
  const sql = `COPY (SELECT ${[id, key, ...values].join(', ')} FROM ${quotedName(collection.collection)}
    WHERE ${key} IS NOT NULL ${from} ORDER BY ${id} LIMIT ${pageRows}) TO STDOUT`;
  let count = 0;
  let last = '';
  async function* counted(lines: AsyncIterable<string>): AsyncGenerator<string> {
    try {
      for await (const piece of lines) {
        count += lineEnds(piece);
        last = piece.slice(piece.lastIndexOf('\n', piece.length - 2) + 1);
        yield piece;
      }
    } catch (error) {
      // Here, and not where `take` is called: what fails there is not the target.
      throw session.translate(error, { collection: collection.collection });
    }
  }
  return gated(session, call, () =>
    session.borrow(async (client, spoil) => {
      try {
        count = 0;
        const { rows } = await client.query<{ now: string }>('SELECT now()').catch((error: unknown) => {
          throw session.translate(error);
        });
        await take(counted(linesOf(client, sql)));
        const asAt = instant(rows[0]?.now);
        const full = count === pageRows;
        return { count, next: full ? tokenOf(collection, keyOf(last)) : null, asAt };
      } catch (error) {
        // An answer that was not read to its end stands in the way of whatever is asked next.
        if (error instanceof Error) spoil(error);
        throw error;
      }
    }),
  );
}

const signs: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The target's key in a line. */
function keyOf(line: string): string {
  const text = line.slice(0, line.indexOf('\t'));
  return text.replaceAll(/\\(.)/g, (_all, sign: string) => signs[sign] ?? sign);
}
