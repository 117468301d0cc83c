import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exponentOf, type Curve } from '../../bench/curve.ts';
import { finding, Results, type KeptFinding } from '../../bench/finding.ts';
import { curvePicture } from '../../bench/growth-pictures.ts';
import { asked } from '../../bench/sizes.ts';
import { writeResults } from '../../bench/write.ts';

const sizes = [1, 10, 50, 200];
const grown = (seconds: (size: number) => number): Curve => ({
  over: 'rows',
  points: sizes.map((size) => ({
    size,
    seconds: seconds(size),
    phases: { load: 1 },
    peakMiB: 400 + size,
    cpuSeconds: 1,
  })),
  exponent: 1,
  picture: 'pictures/growth-rows.svg',
});

test('the exponent of growth is that of the power which the points follow, and none of a single point', () => {
  for (const power of [0, 0.5, 1, 2]) {
    expect(exponentOf(grown((size) => 3 * size ** power).points)).toBeCloseTo(power, 10);
  }
  // By hand: one of three logarithms is off by 1, in the middle, which turns the line by nothing.
  const bent = [1, 10, 100].map((size) => ({ size, seconds: size === 10 ? 10 * Math.E : size }));
  expect(exponentOf(bent)).toBeCloseTo(1, 10);
  expect(exponentOf([{ size: 10, seconds: 2 }])).toBeNull();
});

test('sizes are one number or several, by name, and a measure is asked for by its name alone', () => {
  const one = asked(['growth', '--growth-rows=1000,2000', '--rows=7', '--quick'], 'here');
  expect(one.only).toEqual(['growth']);
  expect(one.sizes).toMatchObject({ growthRows: [1_000, 2_000], rows: 7, growthEntities: [1, 5, 20] });
  expect(asked([], 'here').sizes.growthRows).toEqual([1_000_000, 3_000_000, 10_000_000, 30_000_000]);
  expect(() => asked(['--growth-rows=1,x'], 'here')).toThrow('growthRows');
});

test('a curve is kept with its points, named on the page and drawn beside it', async () => {
  const out = await mkdtemp(join(tmpdir(), 'landfall-bench-growth-'));
  try {
    const measured: KeptFinding['measured'] = {
      of: 'growth-rows',
      at: '2026-01-01T00:00:00.000Z',
      commit: 'abc',
      load: [0, 0],
      rounds: 1,
    };
    const curve = grown((size) => size);
    const kept = { ...finding({ measure: 'a < b', unit: 'exponent', ours: 1, curve }), measured };
    await writeResults(out, asked([], out).sizes, [kept]);

    const { results } = Results.parse(JSON.parse(await readFile(join(out, 'results.json'), 'utf8')));
    expect(results.map((one) => one.curve)).toEqual([curve]);
    const page = await readFile(join(out, 'RESULTS.md'), 'utf8');
    expect(page).toContain('![a < b](pictures/growth-rows.svg)');
    expect(page).toContain('200: 200 s (load 1), 600 MiB');
    const picture = await readFile(join(out, curve.picture), 'utf8');
    expect(picture).toContain('a &lt; b');
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});

test('a picture has every point in its place: in proportion is a straight line on logarithms', () => {
  const drawn = curvePicture(
    'rows',
    grown((size) => 2 * size),
  );
  const [time = '', proportional = ''] = [...drawn.matchAll(/polyline points="([^"]*)"/g)].map((one) => one[1] ?? '');
  expect(time.split(' ')).toHaveLength(sizes.length);
  expect(time).toBe(proportional);
  const places = time.split(' ').map((one) => one.split(',').map(Number) as [number, number]);
  const slopes = places.slice(1).map(([x, y], i) => (y - (places[i]?.[1] ?? 0)) / (x - (places[i]?.[0] ?? 0)));
  for (const slope of slopes) expect(slope).toBeCloseTo(slopes[0] ?? 0, 1);
  // From 1 to 10 it is as far as the logarithms say, not the numbers.
  const across = places.map(([x]) => x);
  const [first = 0, second = 0] = across;
  expect((second - first) / ((across.at(-1) ?? 0) - first)).toBeCloseTo(1 / Math.log10(200), 2);
  expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
});
