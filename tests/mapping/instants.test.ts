import { expect, test } from 'vitest';
import { z } from 'zod';
import { instantText, timeInUtc } from '../../model/sql.ts';
import { inJob } from '../reconcile/in-job.ts';

const Row = z.object({ text: z.string().nullable(), asCast: z.string().nullable(), same: z.boolean() });

test.each([
  ['2026-03-01 10:00:00+00', '2026-03-01 10:00:00+00'],
  ['2026-03-29 03:30:00.123456+02', '2026-03-29 01:30:00.123456+00'],
  ['1800-01-01 00:00:00.5+00:53:28', '1799-12-31 23:06:32.5+00'],
  ['9999-12-31 23:59:59.999999+00', '9999-12-31 23:59:59.999999+00'],
  ['10000-01-01 00:00:00+00', '10000-01-01 00:00:00+00'],
  ['0001-06-01 (BC) 00:00:00.000001+00', '0001-06-01 (BC) 00:00:00.000001+00'],
  ['infinity', 'infinity'],
  ['-infinity', '-infinity'],
  [null, null],
])('the instant %s is written as DuckDB’s own cast and its calendar write it', async (instant, expected) => {
  const given = instant === null ? 'CAST(NULL AS TIMESTAMPTZ)' : `CAST('${instant}' AS TIMESTAMPTZ)`;
  const row = await inJob((job) =>
    job.one(
      `SELECT ${instantText('x')} AS text, CAST(x AS VARCHAR) AS "asCast",
         ${timeInUtc('x')} IS NOT DISTINCT FROM timezone('UTC', x) AS same FROM (SELECT ${given} AS x)`,
      Row,
    ),
  );
  expect(row).toEqual({ text: expected, asCast: expected, same: true });
});
