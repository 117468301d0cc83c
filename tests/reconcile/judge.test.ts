import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Control } from '../../model/controls.ts';
import { atScale, canonicalNumber, minus, sameValue } from '../../reconcile/exact-number.ts';
import { figureReport, groupKey, judge, type Sides } from '../../reconcile/judge.ts';

const control: Control = {
  name: 'totals',
  title: 'Totals by currency',
  unit: 'CHF',
  source: { of: 'invoice', by: {}, measure: { kind: 'sum', of: 'total', scale: 2 } },
  target: { of: 'invoice', by: {}, measure: { kind: 'sum', of: 'totalamount', scale: 2 } },
};

const value = fc.option(fc.constantFrom('0', '1', '1.0', '-1', '12345678901234567890.10'), { nil: null });
const values = fc
  .record({ source: value, staged: value, moved: value, target: value, live: fc.option(value, { nil: undefined }) })
  .map(({ live, ...rest }) => ({ ...rest, ...(live === undefined ? {} : { live }) }));

describe('judging a figure', () => {
  test('calls nothing a match that was not compared, and nothing equal that is not', () => {
    fc.assert(
      fc.property(values, (sides) => {
        const judgement = judge(sides, null);
        if (judgement !== 'match' && judgement !== 'explained') return;
        const { source, staged, moved, target, live } = sides;
        if (source === null || staged === null || moved === null || target === null) throw new Error('not compared');
        expect([canonicalNumber(source), canonicalNumber(moved)]).toEqual([
          canonicalNumber(staged),
          canonicalNumber(target),
        ]);
        expect(judgement === 'match').toBe(sameValue(staged, moved));
        expect(canonicalNumber(live ?? target)).toBe(canonicalNumber(target));
      }),
    );
  });

  test('does not let a missing side hide a difference between the others', () => {
    expect(judge({ source: null, staged: '1', moved: '1', target: '2' }, null)).toBe('unexplained');
    expect(judge({ source: '1', staged: '2', moved: null, target: null }, null)).toBe('unexplained');
    expect(judge({ source: null, staged: '1', moved: '1', target: '1' }, null)).toBe('unverified');
  });

  test('explains what did not move by the rows that were held back', () => {
    expect(judge({ source: '10', staged: '10', moved: '9', target: '9' }, null)).toBe('explained');
    expect(judge({ source: '10', staged: '10', moved: '9', target: '10' }, null)).toBe('unexplained');
  });

  test('holds the target to an expected value, and to its own answer', () => {
    const none = { source: null, staged: null, moved: null };
    expect(judge({ ...none, target: '0.00' }, '0')).toBe('match');
    expect(judge({ ...none, target: '1' }, '0')).toBe('unexplained');
    expect(judge({ ...none, target: null }, '0')).toBe('unverified');
    expect(judge({ ...none, target: '0', live: '1' }, '0')).toBe('unexplained');
  });
});

describe('the sides of a control beside each other', () => {
  const figure = (groups: Record<string, string>): ReadonlyMap<string, string> =>
    new Map(Object.entries(groups).map(([name, amount]) => [groupKey({ currency: name }), amount]));

  test('take a group that one side lacks for nothing, and a side that was not computed for unknown', () => {
    const full = figure({ CHF: '10.5', EUR: '3' });
    const sides: Sides = { source: null, staged: full, moved: full, target: figure({ CHF: '10.50' }) };
    const report = figureReport(control, sides);
    expect(report.groups).toEqual([
      {
        group: { currency: 'CHF' },
        source: null,
        staged: '10.50',
        moved: '10.50',
        target: '10.50',
        judgement: 'unverified',
      },
      {
        group: { currency: 'EUR' },
        source: null,
        staged: '3.00',
        moved: '3.00',
        target: '0.00',
        judgement: 'unexplained',
      },
    ]);
    expect(report.judgement).toBe('unexplained');
    expect(report.note).toBe('the source could not compute it itself');
  });

  test('keep no label apart from a label that says so', () => {
    const sides = { source: new Map(), staged: new Map(), moved: new Map() };
    const report = figureReport(control, {
      ...sides,
      target: new Map([
        [groupKey({ currency: null }), '1'],
        [groupKey({ currency: 'null' }), '2'],
        [groupKey({ currency: '' }), '3'],
      ]),
    });
    expect(report.groups.map((one) => one.group['currency'])).toEqual(['', 'null', null]);
  });

  test('are explained by a person where they differ, and only there', () => {
    const explanation = { by: 'ines', why: 'Paid twice in 2019.', until: '2026-12-31' };
    const explained = new Map([
      [groupKey({ currency: 'CHF' }), explanation],
      [groupKey({ currency: 'EUR' }), explanation],
    ]);
    const full = figure({ CHF: '10', EUR: '3' });
    const report = figureReport(
      control,
      { source: full, staged: full, moved: full, target: figure({ CHF: '11', EUR: '3' }) },
      explained,
    );
    expect(report.groups.map((one) => [one.judgement, one.explanation])).toEqual([
      ['explained', explanation],
      ['match', undefined],
    ]);
    expect(report.judgement).toBe('explained');
  });

  test('say that nothing was compared where there is no source side and no expected value', () => {
    const { source: _, ...alone } = control;
    const report = figureReport(alone, {
      source: null,
      staged: null,
      moved: null,
      target: new Map([[groupKey({}), '5']]),
    });
    expect(report.judgement).toBe('unverified');
    expect(report.note).toBe('the control has no source side and no expected value');
  });
});

describe('exact numbers', () => {
  const digits = fc.stringMatching(/^-?\d{1,40}(\.\d{1,20})?$/);

  test('are the same however many zeros surround them', () => {
    fc.assert(
      fc.property(digits, fc.nat({ max: 5 }), (text, zeros) => {
        const sign = text.startsWith('-') ? '-' : '';
        const longer = `${sign}${'0'.repeat(zeros)}${text.replace('-', '')}${text.includes('.') ? '0'.repeat(zeros) : ''}`;
        expect(sameValue(text, longer)).toBe(true);
        expect(sameValue(text, atScale(text, zeros))).toBe(true);
      }),
    );
  });

  test('differ when a digit does, however far behind', () => {
    expect(sameValue('10000000000000000.01', '10000000000000000.02')).toBe(false);
    expect(sameValue('1', '-1')).toBe(false);
    expect(sameValue('', '0')).toBe(false);
    expect(sameValue('NaN', 'nan')).toBe(false);
    expect(sameValue('-0.00', '+0')).toBe(true);
  });

  test('are subtracted exactly', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        expect(minus(String(a), String(b))).toBe(String(a - b));
      }),
    );
    expect(minus('0.1', '0.30')).toBe('-0.2');
    expect(minus('12345678901234567890.00', '0.01')).toBe('12345678901234567889.99');
    expect(minus('x', '1')).toBe(null);
  });
});
