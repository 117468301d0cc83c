import { expect, test } from 'vitest';
import { Report } from '../../model/report.ts';
import { seal } from '../../reconcile/seal.ts';
import { aPart, aReport } from './a-report.ts';

/** The same value with the properties of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, one]) => [name, reversed(one)]),
  );
}

test('the same report has the same bytes and digest, however its properties are ordered', () => {
  const report = aReport();
  const other = seal(Report.parse(reversed(report)));
  expect(other).toEqual(seal(report));
  expect(seal(Report.parse(JSON.parse(other.text)))).toEqual(other);
});

test('the digest is that of the known bytes', () => {
  // A change here voids every signature that was ever given: it needs a new version of the report.
  expect(seal(aReport()).digest).toBe('1c64804b2349ae15c421988876b03458ed31d6a52287d1161ca19f9d4a7c63f2');
});

test('any change to a report changes its digest', () => {
  const { digest } = seal(aReport());
  expect(seal(aReport({ parts: [aPart({ equal: 4811 })] })).digest).not.toBe(digest);
  expect(seal(aReport({ plan: '60'.repeat(32) })).digest).not.toBe(digest);
});

test('what is not a report cannot be sealed', () => {
  expect(() => seal({ ...aReport(), secret: 1 } as Report)).toThrow(/secret/);
  expect(() => seal(aReport({ title: '\ud800' }))).toThrow(/surrogate/);
});
