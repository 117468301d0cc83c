import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { clearWhenStopped, isStopped } from './leftovers.ts';
import { measures } from './measures.ts';
import { runBench } from './runner.ts';
import { asked } from './sizes.ts';
import { writeResults } from './write.ts';

/**
 * Measures the product beside its peers, and writes RESULTS.md and results.json:
 * `npm run bench`, `npm run bench -- --rows 100000 --only extract,compare --peers duckdb --out /tmp/bench`,
 * `npm run bench -- growth --quick`. What was found before by measures that are not asked for stays in the results.
 */
const of = asked(process.argv.slice(2), fileURLToPath(new URL('.', import.meta.url)));
const log = (line: string): void => void process.stdout.write(`${line}\n`);
clearWhenStopped();
const { found, failed } = await runBench(measures, of, log);
if (!isStopped()) {
  await writeResults(of.out, of.sizes, found);
  log(`Written: ${join(of.out, 'RESULTS.md')}`);
  process.exitCode = failed ? 1 : 0;
}
