import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { cross, type Landed } from './crossing.ts';
import { wrongs } from './judge.ts';
import { calmFor, stormOf } from './storm.ts';

/** One to three workers, an attachment of 50 MB in the first, people at work in the last. More: `npm run soak`. */
const seeds = [1, 2, 3, 5, 9];
const calms = new Map<string, Landed>();

beforeAll(() => {
  // The workers that are killed are those of the package.
  const built = spawnSync(process.execPath, ['tools/build.ts'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
});

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
