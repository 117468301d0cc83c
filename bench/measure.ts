import type { BenchDatabase } from './database.ts';
import type { Finding } from './finding.ts';
import type { Sizes } from './sizes.ts';

/** What a measure is given. */
export interface Bench {
  sizes: Sizes;
  /** The peers that are asked for; null: all. */
  peers: readonly string[] | null;
  /** A folder for what is in work, gone afterwards. */
  folder: string;
  /** Started when it is first asked for. */
  database(): Promise<BenchDatabase>;
  log(line: string): void;
}

/** One question, answered with one or more lines of the results. */
export interface Measure {
  name: string;
  /** It takes hours: run only when it is asked for by its name. */
  long?: true;
  run(bench: Bench): Promise<Finding[]>;
}
