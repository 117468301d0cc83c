import { z } from 'zod';
import { isNone, wouldLose } from '../mapping/lossless.ts';
import type { Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import { identifier, textAs } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';

/** Of each column: values that are not of its type, and values that it would cut. */
const Doubtful = z.object({ counts: z.array(z.coerce.number()) });

/** Takes what `fill` puts into the table `page` as the text it came as, and refuses to round what the target holds. */
export async function insertExactly(
  job: DuckJob,
  part: Part,
  columns: Readonly<Record<string, string>>,
  fill: (texts: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const texts = Object.fromEntries(Object.keys(columns).map((name) => [name, 'VARCHAR']));
  await job.run('DROP TABLE IF EXISTS page');
  await job.createTable('page', texts);
  await fill(texts);
  const doubts = Object.entries(columns).map(([name, type]) => {
    const none = type === 'VARCHAR' ? 'false' : isNone(type, identifier(name));
    return { name, none, loses: wouldLose(type, identifier(name)) ?? 'false' };
  });
  const asked = doubts.flatMap(({ none, loses }) => [none, loses].map((one) => `count(*) FILTER (${one})`));
  const { counts } = await job.one(`SELECT [${asked.join(', ')}] AS counts FROM page`, Doubtful);
  for (const [i, { name }] of doubts.entries()) {
    const where = { entity: part.name, field: name };
    const [others = 0, longer = 0] = counts.slice(2 * i);
    if (others > 0) {
      throw new LandfallError({
        code: 'read-back.type',
        kind: 'permanent',
        what: `The target holds ${others} values that are not of the kind that the blueprint's shape gives the field.`,
        where,
        hint: 'Give the field in the shape the type that it has in the target: `landfall check` compares them.',
      });
    }
    if (longer === 0) continue;
    throw new LandfallError({
      code: 'read-back.precision',
      kind: 'permanent',
      what: `The target holds ${longer} values with more digits than the blueprint's shape gives the field.`,
      where,
      hint: 'Raise the precision of the field in the shape, so that what is compared is what is there.',
    });
  }
  const casts = Object.entries(columns).map(([name, type]) => textAs(type, identifier(name)));
  await job.run(`INSERT INTO actual SELECT ${casts.join(', ')} FROM page`);
}
