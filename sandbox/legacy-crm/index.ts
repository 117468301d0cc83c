import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { LegacyFacts, LegacySize } from './facts.ts';
import { generateLegacyCrm, type Cell, type LegacyRow } from './generate.ts';
import { guards, schema, tables } from './schema.ts';

export type { LegacyFacts, LegacySize } from './facts.ts';

/** One cell in COPY's text format (PostgreSQL manual, COPY, "Text Format"). */
function cellText(cell: Cell): string {
  if (cell === null) return '\\N';
  if (Buffer.isBuffer(cell)) return `\\\\x${cell.toString('hex')}`;
  if (typeof cell === 'boolean') return cell ? 't' : 'f';
  if (typeof cell === 'number') return String(cell);
  return cell.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}

function* lines(rows: Generator<LegacyRow>): Generator<string> {
  let batch = '';
  for (const row of rows) {
    batch += `${row.map(cellText).join('\t')}\n`;
    if (batch.length > 64 * 1024) {
      yield batch;
      batch = '';
    }
  }
  if (batch !== '') yield batch;
}

/**
 * Makes the legacy CRM in an empty database and says what is in it.
 *
 * @param options.url a database whose user may create schemas and roles
 */
export async function createLegacyCrm(options: { url: string } & LegacySize): Promise<LegacyFacts> {
  const { rows, facts } = generateLegacyCrm(options);
  const client = new pg.Client({ connectionString: options.url });
  // A connection that the server ends between two statements says why here alone; the next statement would only say
  // that there is no connection.
  let ended: Error | undefined;
  client.on('error', (error) => void (ended ??= error));
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(schema);
    for (const table of tables) {
      await pipeline(Readable.from(lines(rows[table]())), client.query(copyFrom(`COPY crm.${table} FROM STDIN`)));
    }
    await client.query(guards);
    await client.query('COMMIT');
    return facts;
  } catch (error) {
    throw ended ?? error;
  } finally {
    await client.end();
  }
}

/** Who reads the legacy CRM during a migration: SELECT, and the two functions of the cut-over. */
export const reader = { user: 'landfall_reader', password: 'landfall_reader_sandbox' };
/** Who writes to it while people work. */
export const application = { user: 'crm_app', password: 'crm_app_sandbox' };
