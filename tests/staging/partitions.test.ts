import { expect, test } from 'vitest';
import { z } from 'zod';
import { byHash, partition } from '../../staging/partitions.ts';
import { inJob } from '../reconcile/in-job.ts';

const Values = z.object({ values: z.array(z.string().nullable()) });

/** The values of each partition's one column, sorted. */
async function valuesOf(query: string, into: number, by: (into: number) => string) {
  return inJob(async (job) => {
    const parts = await partition(job, query, { by: by(into), into, name: 'parts', key: 'rows' });
    const all: (string | null)[][] = [];
    for (const part of parts) {
      const { values } = await job.one(
        `SELECT coalesce(list(value ORDER BY value NULLS FIRST), []) AS values FROM ${part}`,
        Values,
      );
      all.push(values);
    }
    return all;
  });
}

const hashed = (into: number): string => byHash('value', into);

test('each row is in one partition, with those of the same value, and what is no value too', async () => {
  const query = `SELECT CASE WHEN i % 50 = 0 THEN NULL ELSE CAST(i % 300 AS VARCHAR) END AS value FROM range(6000) r(i)`;
  const parts = await valuesOf(query, 4, hashed);
  expect(parts).toHaveLength(4);
  expect(parts.flat()).toHaveLength(6000);
  const inPart = new Map<string | null, number>();
  for (const [number, values] of parts.entries()) {
    for (const value of values) {
      expect(inPart.get(value) ?? number).toBe(number);
      inPart.set(value, number);
    }
  }
  // 300 remainders, of which the 6 that are multiples of 50 are no values.
  expect(inPart.size).toBe(295);
});

test('partitions come in their order, with those that nothing is in', async () => {
  const query = `SELECT CAST(i AS VARCHAR) AS value FROM range(6) r(i)`;
  expect(await valuesOf(query, 4, () => 'CASE WHEN CAST(value AS INTEGER) < 4 THEN 0 ELSE 3 END')).toEqual([
    ['0', '1', '2', '3'],
    [],
    [],
    ['4', '5'],
  ]);
  expect(await valuesOf(`${query} WHERE false`, 0, hashed)).toEqual([[]]);
  expect(await valuesOf(`${query} WHERE false`, 3, hashed)).toEqual([[], [], []]);
});

test('rows that are divided again are not added to those of before', async () => {
  await inJob(async (job) => {
    const of = { by: 'i % 2', into: 2, name: 'parts', key: 'rows' };
    await partition(job, 'SELECT i FROM range(10) r(i)', of);
    const [even] = await partition(job, 'SELECT i FROM range(4) r(i)', of);
    const { values } = await job.one(`SELECT list(CAST(i AS VARCHAR) ORDER BY i) AS values FROM ${even ?? ''}`, Values);
    expect(values).toEqual(['0', '2']);
  });
});
