import { expect, test } from 'vitest';
import { z } from 'zod';
import { identifier, textAs } from '../../model/sql.ts';
import { inJob } from '../reconcile/in-job.ts';

const texts = (
  '0|-0|+1|.5|5.|1.005|-1.005|0.995|9.995| 12.5 |1e3|9e17|9E17|-1.5E-2||NaN|one|1,5|1_000' +
  '|999999999|999999999999999999|999999999999999999999999999|999999999999999.99|9999999999999999.994' +
  '|99999999999999999.99|0.123456789012345678901234567|-12345678901234567890.12'
).split('|');

test.each([
  'DECIMAL(38,2)',
  'DECIMAL(38, 0)',
  'DECIMAL(38,12)',
  'DECIMAL(38,20)',
  'DECIMAL(19,15)',
  'DECIMAL(18,2)',
  'DATE',
  'VARCHAR',
])('a text is read as %s as DuckDB casts it', async (type) => {
  const rows = await inJob(async (job) => {
    await job.createTable('given', { text: 'VARCHAR' });
    await job.insert(
      'given',
      { text: 'VARCHAR' },
      texts.map((text) => ({ text })),
    );
    const of = identifier('text');
    return job.all(
      `SELECT text, CAST(TRY_CAST(${of} AS ${type}) AS VARCHAR) AS cast, CAST((${textAs(type, of, 'TRY_CAST')}) AS VARCHAR) AS read FROM given`,
      z.object({ text: z.string(), cast: z.string().nullable(), read: z.string().nullable() }),
    );
  });
  expect(rows).toHaveLength(texts.length);
  for (const { text, cast, read } of rows) expect({ text, read }).toEqual({ text, read: cast });
});
