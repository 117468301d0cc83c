import { expect, test } from 'vitest';
import type { Measure } from '../../bench/measure.ts';
import { runBench } from '../../bench/runner.ts';
import { asked } from '../../bench/sizes.ts';

const measures: readonly Measure[] = [
  { name: 'extract', run: () => Promise.resolve([]) },
  { name: 'growth-rows', long: true, run: () => Promise.resolve([]) },
  { name: 'growth-workers', long: true, run: () => Promise.resolve([]) },
];

/** The measures that were run. */
async function run(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  await runBench(measures, asked(args, 'nowhere'), (line) => lines.push(line));
  return lines;
}

test('runs what is asked for, by its name or the first part of it, and what is long only then', async () => {
  expect(await run()).toEqual(['extract']);
  expect(await run('growth-workers')).toEqual(['growth-workers']);
  expect(await run('growth')).toEqual(['growth-rows', 'growth-workers']);
  expect(await run('growth', '--only=extract')).toEqual(['extract', 'growth-rows', 'growth-workers']);
  await expect(run('grow')).rejects.toThrow('There is no measure grow. Those that there are: extract, growth-rows');
});
