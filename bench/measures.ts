import type { Measure } from './measure.ts';
import { compare } from './measures/compare.ts';
import { extract } from './measures/extract.ts';

/** Everything that is measured, in this order. */
export const measures: readonly Measure[] = [extract, compare];
