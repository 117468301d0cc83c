import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { reservedWords, sqlName } from '../../proposal/sql-names.ts';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob } from '../../staging/duckdb/job.ts';
import { sessionNames } from '../../staging/mapping-rules.ts';

test('every word that DuckDB or the mapping’s guard keeps for itself is quoted', async () => {
  const budget = createDuckBudget({ memoryBytes: 256 * 1024 * 1024, threads: 1, slots: 1 });
  const scratch = join(tmpdir(), 'landfall-test-words');
  const words = await withDuckJob(budget, { purpose: 'list words', scratch }, (job) =>
    job.all(
      `SELECT keyword_name AS word FROM duckdb_keywords() WHERE keyword_category = 'reserved'`,
      z.object({ word: z.string() }),
    ),
  );
  expect(words.length).toBeGreaterThan(50);
  for (const word of [...words.map((one) => one.word), ...sessionNames]) expect([...reservedWords]).toContain(word);
});

test('every other word of DuckDB’s stands for a column as it is', async () => {
  const budget = createDuckBudget({ memoryBytes: 256 * 1024 * 1024, threads: 1, slots: 1 });
  const scratch = join(tmpdir(), 'landfall-test-words');
  await withDuckJob(budget, { purpose: 'list words', scratch }, async (job) => {
    const words = await job.all(
      'SELECT DISTINCT keyword_name AS word FROM duckdb_keywords()',
      z.object({ word: z.string() }),
    );
    const columns = words.map(({ word }) => `'${word}' AS "${word}"`).join(', ');
    for (const { word } of words) {
      const { is } = await job.one(
        `SELECT CAST((${sqlName(word)}) AS VARCHAR) AS is FROM (SELECT ${columns})`,
        z.object({ is: z.string() }),
      );
      expect(is).toBe(word);
    }
  });
});

test('a plain name is left as it is; any other is quoted, with its quotes doubled', () => {
  expect(['org_id', 'orgId', 'order', 'a"b'].map(sqlName)).toEqual(['org_id', '"orgId"', '"order"', '"a""b"']);
});
