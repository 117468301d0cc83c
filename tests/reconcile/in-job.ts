import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDuckBudget } from '../../staging/duckdb/budget.ts';
import { withDuckJob, type DuckJob } from '../../staging/duckdb/job.ts';

/** Does work in a locked job as reconciliation has it, with the key `rows`. */
export async function inJob<T>(work: (job: DuckJob) => Promise<T>, options: { memoryMiB?: number } = {}): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'landfall-reconcile-'));
  try {
    const budget = createDuckBudget({ memoryBytes: (options.memoryMiB ?? 256) * 1024 ** 2, threads: 2, slots: 1 });
    const keys = { rows: Buffer.alloc(32, 3).toString('base64') };
    return await withDuckJob(budget, { purpose: 'a test', scratch, keys }, work);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A relation of rows that come from JavaScript. */
export async function table(
  job: DuckJob,
  name: string,
  columns: Readonly<Record<string, string>>,
  rows: readonly object[],
): Promise<string> {
  await job.run(`DROP TABLE IF EXISTS "${name}"`);
  await job.createTable(name, columns);
  await job.insert(name, columns, rows);
  return `"${name}"`;
}
