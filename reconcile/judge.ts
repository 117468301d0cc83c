import { z } from 'zod';
import type { Control } from '../model/controls.ts';
import type { Explanation, FigureGroup, FigureReport, Judgement } from '../model/report.ts';
import { atScale, sameValue } from './exact-number.ts';

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

/** The sides of one control; null where a side could not be computed. */
export interface Sides {
  /** The source's own answer. */
  source: Figure | null;
  /** Over the staged rows. */
  staged: Figure | null;
  /** Over those staged rows that went into the target. */
  moved: Figure | null;
  /** Over what was read back. */
  target: Figure | null;
  /** The target's own answer; left out where it was not asked, null where it cannot. */
  live?: Figure | null;
  /** Why the target cannot. */
  liveReason?: string;
}

type Values = Omit<FigureGroup, 'judgement' | 'group' | 'explanation'>;

/**
 * Judges one group. A match needs every comparison made and equal: the source with what was staged (nothing was lost on
 * the way in), what moved with what was read back (nothing was lost on the way out) and, where the target was asked and
 * answered, its own figure with what was read back. Where fewer rows moved than were staged, equal sides are `explained`:
 * the rest is held back or left behind, and each of those rows is in the report with its reason.
 */
export function judge(group: Values, expected: string | null): Judgement {
  const { source, staged, moved, target, live } = group;
  const liveAgrees = live === undefined || live === null || target === null || sameValue(live, target);
  if (!liveAgrees) return 'unexplained';
  if (expected !== null) {
    if (target === null) return 'unverified';
    return sameValue(target, expected) ? 'match' : 'unexplained';
  }
  const differs = (a: string | null, b: string | null): boolean => a !== null && b !== null && !sameValue(a, b);
  if (differs(source, staged) || differs(moved, target)) return 'unexplained';
  if (source === null || staged === null || moved === null || target === null) return 'unverified';
  return sameValue(staged, moved) ? 'match' : 'explained';
}

const severity: readonly Judgement[] = ['unexplained', 'unverified', 'explained', 'match'];

/** Which of a control's sides are missing, in words. */
function noteOf(control: Control, sides: Sides): string {
  const missing: string[] = [];
  if (control.expected === undefined) {
    if (!control.source) missing.push('the control has no source side and no expected value');
    else if (sides.source === null) missing.push('the source could not compute it itself');
  }
  if (sides.target === null) missing.push('nothing was read back from the target');
  if (sides.live === null) {
    const why = sides.liveReason === undefined ? '' : ` (${sides.liveReason})`;
    missing.push(`the target could not compute it itself${why}, so what was read back stands for it`);
  }
  return missing.join('; ');
}

/**
 * Puts the sides of a control beside each other, group by group. Deterministic: groups are sorted by their labels.
 *
 * @param explanations by group key: who stands for a difference that stays; it makes `unexplained` `explained`
 */
export function figureReport(
  control: Control,
  sides: Sides,
  explanations: ReadonlyMap<string, Explanation> = new Map(),
): FigureReport {
  const expected = control.expected ?? null;
  const scale = control.target.measure.kind === 'sum' ? control.target.measure.scale : 0;
  const keys = new Set<string>();
  for (const side of [sides.source, sides.staged, sides.moved, sides.target, sides.live]) {
    for (const key of side?.keys() ?? []) keys.add(key);
  }
  if (keys.size === 0) keys.add(groupKey({}));
  // A side that was computed and lacks the group has nothing in it; a side that was not computed is not zero.
  const valueOf = (side: Figure | null, key: string): string | null =>
    side === null ? null : atScale(side.get(key) ?? '0', scale);
  const groups = [...keys].sort().map((key): FigureGroup => {
    const values: Values = {
      source: valueOf(sides.source, key),
      staged: valueOf(sides.staged, key),
      moved: valueOf(sides.moved, key),
      target: valueOf(sides.target, key),
      ...(sides.live === undefined ? {} : { live: valueOf(sides.live, key) }),
    };
    const judgement = judge(values, expected);
    const explanation = judgement === 'unexplained' ? explanations.get(key) : undefined;
    return {
      group: groupFrom(key),
      ...values,
      ...(explanation ? { judgement: 'explained', explanation } : { judgement }),
    };
  });
  return {
    name: control.name,
    title: control.title,
    unit: control.unit,
    expected: expected === null ? null : atScale(expected, scale),
    groups,
    judgement: severity.find((one) => groups.some((group) => group.judgement === one)) ?? 'unverified',
    note: noteOf(control, sides),
  };
}
