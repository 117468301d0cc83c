import { z } from 'zod';
import type { Target } from '../connectors/port.ts';
import type { Plan } from '../model/plan.ts';
import { literal } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { makeTable, tableOf, type LoadedPart } from './load-table.ts';
import type { Loader } from './loader.ts';
import { targetOf } from './parts.ts';
import { explained } from './same-target.ts';

const Sum = z.object({ n: z.coerce.number() });

/** What the target said of each row: of what it said twice, the second adds nothing. */
const Answers = `(SELECT * FROM answered QUALIFY row_number() OVER (PARTITION BY _key ORDER BY outcome = 'unchanged') = 1)`;

/**
 * Has a chunk written all at once, as lines that never become objects here, and notes in `heard` what became of each row.
 * Only where nothing of the rows can be in the target without being seen there: what is upserted, and has no lines of its
 * own.
 *
 * @returns whether it was done; else nothing was, and the rows go as documents
 */
export async function loadAsLines(
  job: DuckJob,
  plan: Plan,
  of: LoadedPart,
  at: { target: Target; loader: Loader },
): Promise<boolean> {
  const { part, columns } = of;
  const { writeLines } = at.target;
  if (writeLines === undefined || part.to.write !== 'upsert') return false;
  await makeTable(job, plan, of, 'lines');
  await job.run(`CREATE TABLE answered (_key VARCHAR, target VARCHAR, outcome VARCHAR)`);
  const sent = `(SELECT _key, line FROM ${tableOf(part)} WHERE blocked IS NULL)`;
  const { n: count } = await job.one(`SELECT count(*) AS n FROM ${sent}`, Sum);
  /** Whether the target has named each row, and no other. */
  const accept = async (answers: AsyncIterable<string>): Promise<boolean> => {
    await job.run('DELETE FROM answered');
    for await (const lines of answers) {
      // Of keys that need a backslash each side has its own spelling; as documents they need none.
      if (lines.includes('\\')) return false;
      await job.insertLines('answered', 3, lines);
    }
    const { n: amiss } = await job.one(
      `SELECT count(*) AS n FROM ${sent} s FULL JOIN ${Answers} a ON a._key = s._key WHERE s._key IS NULL OR a._key IS NULL`,
      Sum,
    );
    return amiss === 0;
  };
  const rows = {
    collection: targetOf(part),
    columns: columns.map(({ field, collection }) => ({ field, ...(collection === undefined ? {} : { collection }) })),
    count,
    lines: () => job.lines(`SELECT line FROM ${sent} ORDER BY _key`),
  };
  const written =
    count === 0 ||
    (await explained({ target: at.target, call: at.loader.call }, [part], () =>
      at.loader.sendLines({ writeLines }, rows, accept),
    ));
  if (!written) return false;
  await job.run(`INSERT INTO heard BY NAME SELECT ${literal(part.name)} AS part, _key, outcome, target FROM ${Answers}
    UNION ALL BY NAME SELECT ${literal(part.name)} AS part, _key, 'blocked' AS outcome, 'reference.missing:' || blocked AS code
      FROM ${tableOf(part)} WHERE blocked IS NOT NULL`);
  return true;
}
