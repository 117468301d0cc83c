import { describe, expect, test } from 'vitest';
import type { FigureReport, PartReport } from '../../model/report.ts';
import { verdictOf } from '../../reconcile/verdict.ts';
import { aFigure, aPart } from './a-report.ts';

const verdict = (parts: readonly PartReport[], figures: readonly FigureReport[] = []): string =>
  verdictOf(parts, figures).verdict;

describe('the verdict', () => {
  test('is whole when everything that was meant is there and equal, also when rows were held back with a reason', () => {
    expect(verdictOf([aPart()], [aFigure()])).toEqual({ verdict: 'whole', reasons: [] });
  });

  test.each<[string, Partial<PartReport>]>([
    ['a row differs', { differing: 1 }],
    ['a row is missing', { missing: 1 }],
    ['a row is there that was not meant', { unexpected: 1 }],
    ['a key is there twice', { duplicates: 1 }],
    ['the target counts otherwise', { targetCount: 4811 }],
    ['an attachment differs', { attachments: { moved: 1, bytes: 1, differing: 1 } }],
    ['an attachment has not arrived', { attachments: { due: 2, moved: 1, bytes: 1, differing: 0 } }],
  ])('is that the target differs when %s', (_, fields) => {
    const found = verdictOf([aPart(), aPart({ title: 'Contacts', ...fields })], []);
    expect(found.verdict).toBe('differs');
    expect(found.reasons).toEqual([expect.stringMatching(/^Contacts: /)]);
  });

  test('is that the target differs when the target refused more rows than the blueprint allows', () => {
    const { accounting } = aPart();
    const part = (refused: number): PartReport =>
      aPart({
        refusedLimit: 0.05,
        accounting: { ...accounting, ready: 100, refused },
      });
    expect(verdict([part(5)])).toBe('whole');
    expect(verdictOf([part(6)], [])).toEqual({
      verdict: 'differs',
      reasons: [
        expect.stringMatching(/: 6 rows were refused by the target: more than the 5 % that the blueprint allows\.$/),
      ],
    });
  });

  test.each<[string, Partial<PartReport>]>([
    ['a field was not compared', { notCompared: [{ field: 'note', reason: 'the target does not give it back' }] }],
    ['the source was read while it changed', { consistency: 'fuzzy' }],
    ['no field was compared at all', { compared: [] }],
  ])('is unverified when %s', (_, fields) => {
    expect(verdict([aPart(fields)])).toBe('unverified');
  });

  test('is unverified when nothing was compared', () => {
    expect(verdict([])).toBe('unverified');
  });

  test('follows the controls, and what differs outweighs what could not be verified', () => {
    const unverified = aFigure({ judgement: 'unverified', note: 'the source could not compute it itself' });
    const unexplained = aFigure({ judgement: 'unexplained' });
    expect(verdict([aPart()], [unverified])).toBe('unverified');
    expect(verdictOf([aPart()], [unverified, unexplained])).toEqual({
      verdict: 'differs',
      reasons: [
        'Control «Members by category» does not agree.',
        'Control «Members by category» could not be computed on both sides: the source could not compute it itself.',
      ],
    });
  });

  test('speaks of one row and of many', () => {
    const { reasons } = verdictOf([aPart({ missing: 1, differing: 12_345 })], []);
    expect(reasons).toEqual([
      'Organisations: 12,345 rows differ from what was meant.',
      'Organisations: 1 row is missing in the target.',
    ]);
  });
});
