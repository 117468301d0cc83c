import { z } from 'zod';
import type { Control, ControlSide } from '../model/controls.ts';
import { LandfallError } from '../model/errors.ts';
import { identifier, literal, textAs } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { groupKey, type Figure } from './judge.ts';

export { canonicalNumber, sameValue } from './exact-number.ts';
export { figureReport, groupKey, judge, type Figure, type Sides } from './judge.ts';

/** How a side's measure is computed, and how many of its values the computation could not take exactly. */
interface Measured {
  value: string;
  /** Values that are no plain number. */
  odd: string;
  /** Values with more digits after the point than the control states. */
  lossy: string;
}

const exactType = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL\((\d+),(\d+)\))$/;

/** The sum of an exact type keeps the type's own digits; text is read exactly or not at all. */
function sumOf(control: Control, of: string, scale: number, type: string): Measured {
  const value = `(${of})`;
  const exact = exactType.exec(type);
  if (exact) {
    const own = Number(exact[2] ?? 0);
    const kept = Math.min(own, scale);
    return {
      value: `coalesce(sum(CAST(${value} AS DECIMAL(38, ${kept}))), 0)`,
      odd: '0',
      lossy: own <= scale ? '0' : `count(*) FILTER (CAST(${value} AS DECIMAL(38, ${kept})) <> ${value})`,
    };
  }
  if (type === 'VARCHAR') {
    // Wider than a decimal, NaN and the like travel as text: TRY_CAST would round, so the digits are looked at first.
    const plain = `regexp_full_match(${value}, ${literal('\\s*[+-]?(\\d+(\\.\\d*)?|\\.\\d+)\\s*')})`;
    const fits = `regexp_full_match(${value}, ${literal(`\\s*[+-]?\\d*(\\.\\d{0,${scale}}0*)?\\s*`)})`;
    return {
      value: `coalesce(sum(CASE WHEN ${plain} THEN ${textAs(`DECIMAL(38, ${scale})`, value)} END), 0)`,
      odd: `count(*) FILTER (NOT ${plain})`,
      lossy: `count(*) FILTER (${plain} AND NOT ${fits})`,
    };
  }
  if (type === '"NULL"' || type === 'NULL') return { value: '0', odd: '0', lossy: '0' };
  throw failure(
    control,
    'control.type',
    `A control adds up values of type ${type}, which is not exact.`,
    'Sum integers, decimals, or texts that hold plain numbers; divide with `div(x, y, scale, rounding)`.',
  );
}

function measured(control: Control, { measure }: ControlSide, type: string): Measured {
  switch (measure.kind) {
    case 'count':
      return { value: 'count(*)', odd: '0', lossy: '0' };
    case 'countDistinct':
      return { value: `count(DISTINCT (${measure.of}))`, odd: '0', lossy: '0' };
    case 'sum':
      return sumOf(control, measure.of, measure.scale, type);
  }
}

function failure(control: Control, code: string, what: string, hint: string, cause?: LandfallError): LandfallError {
  const confidential = cause?.confidential;
  return new LandfallError({
    code,
    kind: 'permanent',
    what,
    where: { control: control.name },
    hint,
    cause,
    ...(confidential === undefined ? {} : { confidential }),
  });
}

const Row = z.looseObject({ measured: z.string(), odd: z.coerce.number(), lossy: z.coerce.number() });

/**
 * One side of a control over a staged relation, exactly: sums in up to 38 digits, an overflow is an error and never a
 * rounded figure.
 *
 * @throws LandfallError `control.type` when the sum is over floating point or no numbers at all, `control.number` when a
 *   text is no plain number, `control.digits` when a value has more digits than the control states, `control.overflow`
 *   when the sum has more digits than DuckDB can hold, `control.sql` when the expression cannot be computed
 */
export async function stagedFigure(
  job: DuckJob,
  control: Control,
  side: ControlSide,
  relation: string,
): Promise<Figure> {
  try {
    return await compute(job, control, side, relation);
  } catch (error) {
    if (!(error instanceof LandfallError) || error.code !== 'duckdb.failed') throw error;
    const message = error.confidential ?? '';
    throw /overflow|out of range|could not (?:cast|convert) .* to DECIMAL/is.test(message)
      ? failure(
          control,
          'control.overflow',
          'A control’s sum or one of its values has more than 38 digits.',
          'State fewer digits (`scale`), or split the control by a group.',
          error,
        )
      : failure(
          control,
          'control.sql',
          `The expressions of a control cannot be computed over ${side.of}.`,
          'Write them over the columns of that side alone; the full message is with the run’s staged failures.',
          error,
        );
  }
}

async function compute(job: DuckJob, control: Control, side: ControlSide, relation: string): Promise<Figure> {
  const labels = Object.entries(side.by);
  const from = `FROM ${relation} AS side`;
  const types =
    side.measure.kind === 'sum' ? await job.describe(`SELECT (${side.measure.of}) AS value ${from}`) : new Map();
  const one = measured(control, side, String(types.get('value') ?? ''));
  // Columns go by number: a label may be called anything, also `measured`.
  const columns = [
    ...labels.map(([, expression], i) => `CAST((${expression}) AS VARCHAR) AS ${identifier(`group ${i}`)}`),
    `CAST(${one.value} AS VARCHAR) AS measured`,
    `${one.odd} AS odd`,
    `${one.lossy} AS lossy`,
  ];
  const rows = await job.all(
    `SELECT ${columns.join(', ')} ${from} ${side.where === undefined ? '' : `WHERE (${side.where})`}
     ${labels.length === 0 ? '' : `GROUP BY ${labels.map((_, i) => i + 1).join(', ')}`}`,
    Row,
  );
  const sum = (of: 'odd' | 'lossy'): number => rows.reduce((n, row) => n + row[of], 0);
  if (sum('odd') > 0) {
    throw failure(
      control,
      'control.number',
      `A control adds up texts, and ${sum('odd')} of them are no plain numbers.`,
      'Leave them out with `where`, and count them with a control of their own.',
    );
  }
  if (sum('lossy') > 0) {
    throw failure(
      control,
      'control.digits',
      `A control adds up ${sum('lossy')} values that have more digits after the point than it states.`,
      'Raise the control’s `scale`.',
    );
  }
  return new Map(
    rows.map((row) => {
      const value = (i: number): string | null => {
        const text = row[`group ${i}`];
        return typeof text === 'string' ? text : null;
      };
      return [groupKey(Object.fromEntries(labels.map(([label], i) => [label, value(i)]))), row.measured];
    }),
  );
}

/**
 * A relation of the source rows that went into the target, for the side of a control that asks of them.
 *
 * @param absent a table of the keys, as `_source`, of those that did not
 */
export function movedRows(relation: string, absent: string): string {
  return `(SELECT s.* FROM ${relation} s ANTI JOIN ${absent} k ON k._source = s._key WHERE s._key IS NOT NULL)`;
}
