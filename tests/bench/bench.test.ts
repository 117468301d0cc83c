import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Results } from '../../bench/finding.ts';

const run = promisify(execFile);

test(
  'the bench measures at any size, and says of each figure how it came about and which peer did not run',
  { timeout: 400_000 },
  async () => {
    const out = await mkdtemp(join(tmpdir(), 'landfall-bench-test-'));
    try {
      const sizes = ['--rows=300', '--memory-rows=300', '--memory-rows-many=600', '--rounds=1'];
      await run(process.execPath, ['bench/main.ts', ...sizes, '--only=extract,memory', '--peers=', `--out=${out}`]);
      const { results, sizes: used } = Results.parse(JSON.parse(await readFile(join(out, 'results.json'), 'utf8')));
      const page = await readFile(join(out, 'RESULTS.md'), 'utf8');

      expect(used).toMatchObject({ rows: 300, memoryRowsMany: 600, rounds: 1 });
      expect(page).toContain('600 rows');
      for (const one of results) {
        expect(one).toMatchObject({
          ours: expect.any(Number),
          command: { ours: expect.stringContaining('bench/ours/') },
        });
        expect(page).toContain(one.measure);
      }
      const memory = results.filter((one) => one.measured.of === 'memory');
      expect(memory.map((one) => one.ratio)).toEqual([expect.any(Number), expect.any(Number)]);
      const peers = results.filter((one) => one.measured.of === 'extract');
      expect(peers.map((one) => one.peerName)).toContain('dlt, pyarrow backend');
      for (const { peer, ratio, met, note } of peers) {
        expect({ peer, ratio, met, note }).toEqual({
          peer: null,
          ratio: null,
          met: null,
          note: expect.stringContaining('was not asked for'),
        });
      }
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  },
);
