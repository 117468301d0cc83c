import { z } from 'zod';
import type { Control, ControlSide } from '../model/controls.ts';
import { LandfallError } from '../model/errors.ts';
import type { FigureGroup, FigureReport, Judgement } from '../model/report.ts';
import { identifier } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';

/** Group labels as one text, to exact value as text. */
export type Figure = ReadonlyMap<string, string>;

/** The labels of a group, in the order of their names: what the sides of a control are matched by. */
export function groupKey(group: Readonly<Record<string, string | null>>): string {
  return JSON.stringify(
    Object.keys(group)
      .sort()
      .map((name) => [name, group[name] ?? null]),
  );
}

function groupFrom(key: string): Record<string, string | null> {
  return Object.fromEntries(z.array(z.tuple([z.string(), z.string().nullable()])).parse(JSON.parse(key)));
}

/** Two exact numbers written differently (`1.50`, `1.5`, `-0`) are the same figure. */
export function sameValue(a: string, b: string): boolean {
  return canonicalNumber(a) === canonicalNumber(b);
}

export function canonicalNumber(text: string): string {
  const match = /^\s*(-?)0*(\d*)(?:\.(\d*?)0*)?\s*$/.exec(text);
  if (!match) return text.trim();
  const [, sign = '', whole = '', fraction = ''] = match;
  const digits = `${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
  return digits === '0' ? '0' : `${sign}${digits}`;
}

function measureSql(side: ControlSide): string {
  switch (side.measure.kind) {
    case 'count':
      return 'count(*)';
    case 'countDistinct':
      return `count(DISTINCT (${side.measure.of}))`;
    case 'sum':
      return `coalesce(sum(CAST((${side.measure.of}) AS DECIMAL(38, ${side.measure.scale}))), 0)`;
  }
}

const Row = z.looseObject({ measured: z.string(), lossy: z.coerce.number() });

/**
 * One side of a control over a staged relation, exactly.
 *
 * @throws LandfallError `control.digits` when a value has more digits than the control's scale
 */
export async function stagedFigure(
  job: DuckJob,
  control: Control,
  side: ControlSide,
  relation: string,
): Promise<Figure> {
  const labels = Object.entries(side.by);
  const groups = labels.map(([label, expression]) => `CAST((${expression}) AS VARCHAR) AS ${identifier(label)}`);
  const lossy =
    side.measure.kind === 'sum'
      ? `count(*) FILTER (WHERE CAST((${side.measure.of}) AS DECIMAL(38, ${side.measure.scale})) <> (${side.measure.of}))`
      : '0';
  const rows = await job.all(
    `SELECT ${[...groups, `CAST(${measureSql(side)} AS VARCHAR) AS measured`, `${lossy} AS lossy`].join(', ')}
     FROM ${relation} AS side ${side.where === undefined ? '' : `WHERE ${side.where}`}
     ${labels.length === 0 ? '' : `GROUP BY ${labels.map((_, i) => i + 1).join(', ')}`}`,
    Row,
  );
  if (rows.some((row) => row.lossy > 0)) {
    throw new LandfallError({
      code: 'control.digits',
      kind: 'permanent',
      what: 'A control adds up values that have more digits than it states.',
      where: { control: control.name },
      hint: 'Raise the control’s `scale`.',
    });
  }
  return new Map(
    rows.map((row) => {
      const group = Object.fromEntries(
        labels.map(([label]) => [label, typeof row[label] === 'string' ? row[label] : null]),
      );
      return [groupKey(group), row.measured];
    }),
  );
}

/** A relation of chosen source rows, for the side of a control that asks what of the source went into the target. */
export function movedRows(relation: string, keys: string): string {
  return `(SELECT s.* FROM ${relation} s SEMI JOIN ${keys} k ON k._source = s._key)`;
}

/** The sides of one control, where they could be computed. */
export interface Sides {
  source: Figure | null;
  staged: Figure | null;
  moved: Figure | null;
  target: Figure | null;
}

/** Judges one group: a match needs both of its comparisons, made and equal. */
export function judge(group: Omit<FigureGroup, 'judgement' | 'group'>, expected: string | null): Judgement {
  if (expected !== null) {
    if (group.target === null) return 'unverified';
    return sameValue(group.target, expected) ? 'match' : 'unexplained';
  }
  if (group.source === null || group.staged === null || group.moved === null || group.target === null)
    return 'unverified';
  return sameValue(group.source, group.staged) && sameValue(group.moved, group.target) ? 'match' : 'unexplained';
}

/** Puts the sides of a control beside each other, group by group. */
export function figureReport(control: Control, sides: Sides): FigureReport {
  const expected = control.expected ?? null;
  const keys = new Set<string>();
  for (const side of Object.values(sides) as (Figure | null)[]) for (const key of side?.keys() ?? []) keys.add(key);
  if (keys.size === 0) keys.add(groupKey({}));
  // A side that was computed and lacks the group has nothing in it; a side that was not computed is not zero.
  const valueOf = (side: Figure | null, key: string): string | null => (side === null ? null : (side.get(key) ?? '0'));
  const groups = [...keys].sort().map((key): FigureGroup => {
    const values = {
      source: valueOf(sides.source, key),
      staged: valueOf(sides.staged, key),
      moved: valueOf(sides.moved, key),
      target: valueOf(sides.target, key),
    };
    return { group: groupFrom(key), ...values, judgement: judge(values, expected) };
  });
  const worst = (['unexplained', 'unverified'] as const).find((one) => groups.some((group) => group.judgement === one));
  return {
    name: control.name,
    title: control.title,
    unit: control.unit,
    expected,
    groups,
    judgement: worst ?? 'match',
    note: '',
  };
}
