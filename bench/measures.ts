import type { Measure } from './measure.ts';
import { compare } from './measures/compare.ts';
import { endToEnd } from './measures/end-to-end.ts';
import { extract } from './measures/extract.ts';
import { growthEntities } from './measures/growth-entities.ts';
import { growthRows } from './measures/growth-rows.ts';
import { growthWorkers } from './measures/growth-workers.ts';
import { load } from './measures/load.ts';
import { memory, workerMemory } from './measures/memory.ts';
import { oneRow } from './measures/one-row.ts';
import { overhead } from './measures/overhead.ts';
import { resume } from './measures/resume.ts';

/** Everything that is measured, in this order. */
export const measures: readonly Measure[] = [
  extract,
  compare,
  load,
  endToEnd,
  overhead,
  oneRow,
  resume,
  memory,
  workerMemory,
  growthRows,
  growthEntities,
  growthWorkers,
];
