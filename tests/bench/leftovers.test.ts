import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { clear, clearAway, endWithBench } from '../../bench/leftovers.ts';

const runs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a program ends with all of its processes, and what was left is cleared away, what came last first', async () => {
  const child = spawn('/bin/sh', ['-c', 'sleep 600 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  endWithBench(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number(said.toString());
  expect(runs(pid)).toBe(true);
  const cleared: string[] = [];
  clearAway(async () => void cleared.push('first'));
  clearAway(async () => void cleared.push('second'));
  await clear();
  for (let tries = 0; runs(pid) && tries < 100; tries += 1) await sleep(50);
  expect(runs(pid)).toBe(false);
  expect(cleared).toEqual(['second', 'first']);
});
