import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Results } from '../../bench/finding.ts';

const run = promisify(execFile);

test('the bench measures at any size and says of each figure how it came about', { timeout: 120_000 }, async () => {
  const out = await mkdtemp(join(tmpdir(), 'landfall-bench-test-'));
  try {
    const sizes = ['--rows=300', '--memory-rows=300', '--memory-rows-many=600', '--rounds=1'];
    await run(process.execPath, ['bench/main.ts', ...sizes, '--only=extract,memory', '--peers=copy', `--out=${out}`]);
    const { results, sizes: used } = Results.parse(JSON.parse(await readFile(join(out, 'results.json'), 'utf8')));
    const page = await readFile(join(out, 'RESULTS.md'), 'utf8');

    expect(used).toMatchObject({ rows: 300, memoryRowsMany: 600, rounds: 1 });
    expect(page).toContain('memoryRowsMany 600');
    for (const one of results) {
      expect(one).toMatchObject({
        ours: expect.any(Number),
        command: { ours: expect.stringContaining('bench/ours/') },
      });
      expect(page).toContain(one.measure);
    }
    const measured = results.filter((one) => one.measure.startsWith('peak memory'));
    expect(measured.map((one) => one.ratio)).toEqual(measured.map(() => expect.any(Number)));
    expect(measured.length).toBeGreaterThan(0);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});

test('a peer that did not run stands in the results with the reason', { timeout: 120_000 }, async () => {
  const out = await mkdtemp(join(tmpdir(), 'landfall-bench-test-'));
  try {
    await run(process.execPath, [
      'bench/main.ts',
      '--rows=100',
      '--rounds=1',
      '--only=extract',
      '--peers=',
      `--out=${out}`,
    ]);
    const { results } = Results.parse(JSON.parse(await readFile(join(out, 'results.json'), 'utf8')));
    const dlt = results.find((one) => one.peerName?.startsWith('dlt'));
    expect(dlt).toMatchObject({ peer: null, ratio: null, met: null, note: expect.stringContaining('not asked for') });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});
