import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adversity } from './target-adversity.ts';
import { Bench, type Define } from './target-bench.ts';
import type { TargetHarness } from './target-harness.ts';
import { reaching } from './target-reaching.ts';
import { reading } from './target-reading.ts';
import { writing } from './target-writing.ts';
import { waivers } from './waivers.ts';

/** What every target connector must do, whichever system stands behind it. */
export function targetConformance(name: string, start: () => Promise<TargetHarness>): void {
  const waived = waivers[name] ?? {};
  const met = new Set<string>();
  const define: Define = (title, body) => {
    const reason = waived[title];
    met.add(title);
    const run: (title: string, body: () => Promise<void>, timeoutMs: number) => void =
      reason === undefined ? it : it.fails;
    run(reason === undefined ? title : `${title} (waived: ${reason})`, body, 15_000);
  };

  describe(`target ${name}`, () => {
    const bench = new Bench();
    beforeAll(() => bench.start(start), 60_000);
    afterAll(() => bench.stop());

    reaching(define, bench);
    writing(define, bench);
    adversity(define, bench);
    reading(define, bench);

    it('has no waiver for a test that is not there', () => {
      expect(Object.keys(waived).filter((title) => !met.has(title))).toEqual([]);
    });

    it('passed the gate with every request, and gave every turn back', () => {
      expect(bench.counted.entered).toBeGreaterThan(0);
      expect(bench.counted.inside).toBe(0);
      const { ok, throttled, failed } = bench.counted.reports;
      expect(ok + throttled + failed).toBeGreaterThanOrEqual(bench.counted.entered);
    });
  });
}
