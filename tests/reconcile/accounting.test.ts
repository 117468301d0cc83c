import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addCounts, type Counts } from '../../model/run.ts';
import { imbalances, proveAccounting } from '../../reconcile/accounting.ts';

const rows = fc.nat({ max: 1_000_000 });

/** Counts of a part whose rows are all accounted for. */
const balanced = fc
  .record({ rejected: rows, left: rows, created: rows, updated: rows, unchanged: rows, refused: rows, blocked: rows })
  .map((some) => {
    const ready = some.created + some.updated + some.unchanged + some.refused + some.blocked;
    return addCounts({ ...some, ready, contributing: ready, extracted: ready + some.rejected + some.left });
  });

const accounted = [
  'extracted',
  'contributing',
  'rejected',
  'left',
  'ready',
  'created',
  'updated',
  'unchanged',
] as const;
const all = [...accounted, 'refused', 'blocked', 'pending', 'uncertain'] as const satisfies (keyof Counts)[];

describe('row accounting', () => {
  test('lets pass whatever comes out', () => {
    fc.assert(
      fc.property(balanced, (counts) => {
        proveAccounting(counts, { part: 'account', sourceRows: counts.extracted });
        expect(imbalances(counts, { part: 'account' })).toEqual([]);
      }),
    );
  });

  test('fails when any one figure is off by any number of rows', () => {
    fc.assert(
      fc.property(balanced, fc.constantFrom(...all), fc.integer({ min: 1, max: 1000 }), (counts, figure, off) => {
        const wrong = { ...counts, [figure]: counts[figure] + off };
        expect(imbalances(wrong, { part: 'account' })).not.toEqual([]);
        expect(() => proveAccounting(wrong, { part: 'account' })).toThrow(
          expect.objectContaining({ code: 'accounting.imbalance', kind: 'permanent', where: { part: 'account' } }),
        );
      }),
    );
  });

  test('names the sum and its two sides', () => {
    const counts = addCounts({ extracted: 10, contributing: 8, rejected: 1, ready: 8, created: 8 });
    expect(() => proveAccounting(counts, { part: 'invoice_line' })).toThrow(
      /extracted = contributing \+ rejected \+ left behind \(10 and 9\)/,
    );
  });

  test('lets nothing wait or be uncertain when a report is made', () => {
    const counts = addCounts({ extracted: 2, contributing: 2, ready: 2, pending: 1, uncertain: 1 });
    expect(imbalances(counts, { part: 'account' }).map((one) => one.sum)).toEqual([
      'no row waits for its references',
      'no row has an uncertain outcome',
    ]);
  });

  test('never takes zero rows for a success where the source has rows', () => {
    expect(() => proveAccounting(addCounts(), { part: 'account', sourceRows: 12 })).toThrow(
      expect.objectContaining({ code: 'accounting.empty', kind: 'permanent' }),
    );
    proveAccounting(addCounts(), { part: 'account', sourceRows: 0 });
  });

  test('allows merges and splits to change the number of rows, but not to make rows of nothing or nothing of rows', () => {
    const keyed = { part: 'partner', keyed: true };
    const merged = addCounts({ extracted: 10, contributing: 10, ready: 4, created: 4 });
    expect(imbalances(merged, { part: 'partner' })).not.toEqual([]);
    expect(imbalances(merged, keyed)).toEqual([]);
    expect(imbalances(addCounts({ extracted: 10, contributing: 10 }), keyed)).not.toEqual([]);
    expect(imbalances(addCounts({ extracted: 10, rejected: 10, ready: 1, created: 1 }), keyed)).not.toEqual([]);
  });
});
