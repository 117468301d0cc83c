import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const summary = join(import.meta.dirname, '..', '..', '.ci', 'summary.mjs');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-summary-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface FileResult {
  status: string;
  assertionResults: object[];
}

function summarise(passed: number, failed: number, testResults: FileResult[] = []): [string, number | null] {
  const report = join(folder, 'tests.json');
  writeFileSync(report, JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults }));
  const { stdout, status } = spawnSync(process.execPath, [summary, report], { encoding: 'utf8' });
  return [stdout.trim(), status];
}

it('holds when every test passed', () => {
  expect(summarise(12, 0)).toEqual(['12 passed, 0 failed', 0]);
});

it('fails when a test failed', () => {
  expect(summarise(12, 1)).toEqual(['12 passed, 1 failed', 1]);
});

it('fails when nothing ran', () => {
  expect(summarise(0, 0)).toEqual(['0 passed, 0 failed', 1]);
});

it('counts a file that could not be loaded as a failure', () => {
  const loaded = { status: 'failed', assertionResults: [{}] };
  expect(summarise(3, 1, [loaded, { status: 'failed', assertionResults: [] }])).toEqual(['3 passed, 2 failed', 1]);
});

it('fails, and says so last, when there is no report', () => {
  const { stdout, status } = spawnSync(process.execPath, [summary, join(folder, 'none.json')], { encoding: 'utf8' });
  expect(stdout.trim().split('\n').at(-1)).toBe('0 passed, 0 failed');
  expect(status).toBe(1);
});
