import { beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from './built.ts';
import { cross, type Landed } from './crossing.ts';
import { wrongs } from './judge.ts';
import { calmFor, stormOf } from './storm.ts';

/** One worker, two, three, an attachment of 50 MB in 21, people at work in 49. More: `npm run soak`. */
const seeds = [3, 7, 21, 35, 49];
const calms = new Map<string, Landed>();

// The workers that are killed are those of the package.
beforeAll(ensureBuilt);

test.each(seeds)(
  'storm %i loses no row, doubles none, and ends as the calm crossing',
  { timeout: 600_000 },
  async (seed) => {
    const storm = stormOf(seed);
    const over = `${storm.size} ${storm.large}`;
    const calm = calms.get(over) ?? (await cross(calmFor(storm)));
    calms.set(over, calm);
    expect(wrongs(calm, storm, await cross(storm))).toEqual([]);
  },
);
