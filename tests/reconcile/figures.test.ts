import { describe, expect, test } from 'vitest';
import type { Control, ControlSide, Measure } from '../../model/controls.ts';
import { groupKey, movedRows, stagedFigure } from '../../reconcile/figures.ts';
import { inJob, table } from './in-job.ts';

function side(measure: Measure, rest: Partial<ControlSide> = {}): ControlSide {
  return { of: 'invoice', by: {}, measure, ...rest };
}

function controlOf(target: ControlSide): Control {
  return { name: 'totals', title: 'Totals', unit: 'CHF', target };
}

/** The figure over `SELECT * FROM (VALUES …)`. */
function figure(rows: string, of: ControlSide): Promise<Record<string, string>> {
  return inJob(async (job) =>
    Object.fromEntries(await stagedFigure(job, controlOf(of), of, `(SELECT * FROM (VALUES ${rows}) v(x, g))`)),
  );
}

const sum = (scale: number): Measure => ({ kind: 'sum', of: 'x', scale });
const alone = groupKey({});

describe('a figure over staged rows', () => {
  test('is exact beyond what floating point holds', async () => {
    const rows = `(90071992547409930.01::DECIMAL(38,2), 1), (0.01, 1), (0.01, 1)`;
    expect(await figure(rows, side(sum(2)))).toEqual({ [alone]: '90071992547409930.03' });
  });

  test('counts, counts apart, and sums by group; labels may be called anything', async () => {
    const rows = `(1, 'a'), (2, 'a'), (2, NULL), (NULL, 'a')`;
    const by = { measured: 'g', odd: `upper(g)` };
    const a = groupKey({ measured: 'a', odd: 'A' });
    const none = groupKey({ measured: null, odd: null });
    expect(await figure(rows, side({ kind: 'count' }, { by }))).toEqual({ [a]: '3', [none]: '1' });
    expect(await figure(rows, side({ kind: 'countDistinct', of: 'x' }))).toEqual({ [alone]: '2' });
    expect(await figure(rows, side(sum(0), { by, where: 'x > 1 OR g IS NULL' }))).toEqual({ [a]: '2', [none]: '2' });
  });

  test('is zero where there are no rows, and has no groups where there are none', async () => {
    expect(await figure(`(1::DECIMAL(5,2), 'a')`, side(sum(2), { where: 'false' }))).toEqual({ [alone]: '0.00' });
    expect(await figure(`(1, 'a')`, side({ kind: 'count' }, { where: 'false', by: { g: 'g' } }))).toEqual({});
  });

  test('reads texts that hold numbers too wide for a decimal type, exactly', async () => {
    const rows = `('12345678901234567890.10', 1), (' -0.1000 ', 1), ('.5', 1), ('7.', 1), (NULL, 1)`;
    expect(await figure(rows, side(sum(2)))).toEqual({ [alone]: '12345678901234567897.50' });
  });

  test.each([
    ['control.type', '(1.5::DOUBLE, 1)', sum(2)],
    ['control.type', '(1.5::FLOAT, 1)', sum(2)],
    ['control.type', `(DATE '2020-01-01', 1)`, sum(2)],
    ['control.number', `('NaN', 1)`, sum(2)],
    ['control.number', `('1e3', 1)`, sum(2)],
    ['control.number', `('', 1)`, sum(2)],
    ['control.digits', `('1.005', 1)`, sum(2)],
    ['control.digits', '(1.005::DECIMAL(10,3), 1)', sum(2)],
    ['control.overflow', `('${'9'.repeat(38)}', 1)`, sum(2)],
    ['control.overflow', `(${'9'.repeat(38)}::DECIMAL(38,0), 1), (${'9'.repeat(38)}, 1)`, sum(0)],
    ['control.sql', '(1, 1)', { kind: 'sum', of: 'nobody', scale: 2 }],
  ] as const)('fails with %s over %s rather than be wrong', async (code, rows, measure) => {
    await expect(figure(rows, side(measure))).rejects.toMatchObject({
      code,
      kind: 'permanent',
      where: { control: 'totals' },
    });
  });

  test('says nothing of the values in what may reach a log', async () => {
    const error: unknown = await figure(`('secret-4711', 1)`, side(sum(2))).catch((one: unknown) => one);
    expect(String(error)).not.toContain('4711');
  });

  test('is computed over the rows that went into the target', async () => {
    const moved = await inJob(async (job) => {
      const rows = await table(job, 'rows', { _key: 'VARCHAR', x: 'DECIMAL(10,2)' }, [
        { _key: '1', x: '1.10' },
        { _key: '2', x: '2.20' },
        { _key: null, x: '4.40' },
      ]);
      const absent = await table(job, 'absent', { _source: 'VARCHAR' }, [{ _source: '1' }, { _source: '1' }]);
      return stagedFigure(job, controlOf(side(sum(2))), side(sum(2)), movedRows(rows, absent));
    });
    expect([...moved.values()]).toEqual(['2.20']);
  });
});
