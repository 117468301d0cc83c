import { z } from 'zod';
import type { Target, TargetCall } from '../connectors/port.ts';
import type { Control, ControlSide } from '../model/controls.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { FigureReport } from '../model/report.ts';
import { identifier } from '../model/sql.ts';
import { figureReport, movedRows, stagedFigure, type Figure } from '../reconcile/figures.ts';
import { withDuckJob, type DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { openMappingGuard, type MappingGuard } from '../staging/mapping-guard.ts';
import type { Beat } from './dependencies.ts';
import { partNamed } from './measure.ts';
import { hasArrived } from './receipts.ts';
import type { Piece, Rows, StagedPart } from './staged-parts.ts';

/** A control's figure as the target itself gives it, or why it cannot. */
type Live = { figure: Figure } | { reason: string };

/** Whom to ask, and through which gate. */
interface Asked {
  plan: Plan;
  target: Target;
  call: TargetCall;
  guard: MappingGuard;
}

const LiveRows = 5_000;

/**
 * Asks the target itself for a control's figure: grouped by the properties that the control's expressions read, so that
 * those expressions can be computed over the groups here. Exact, because they see nothing of a row but these properties.
 */
async function liveFigure(
  job: DuckJob,
  { target, call, plan, guard }: Asked,
  control: Control,
  actual: string,
): Promise<Live> {
  const side = control.target;
  const part = partNamed(plan, side.of);
  if (!target.figures || !part) return { reason: 'the target computes no figures' };
  const types = await job.describe(`SELECT * FROM ${actual}`);
  const { measure } = side;
  const property = measure.kind === 'sum' ? measure.of.trim() : null;
  if (property !== null && !types.has(property)) return { reason: 'it sums an expression, and not a property' };
  const expressions = [
    ...Object.values(side.by),
    ...(side.where === undefined ? [] : [side.where]),
    ...(measure.kind === 'countDistinct' ? [measure.of] : []),
  ];
  const by = new Set<string>();
  const inspected = await guard.inspectAll(
    expressions.map((sql) => ({ sql })),
    types,
  );
  for (const { columns } of inspected) for (const column of columns) by.add(column);
  const instant = [...by].find((name) => types.get(name)?.startsWith('TIMESTAMP'));
  if (instant !== undefined) return { reason: `the target does not group by the instant ${instant}` };
  const request = {
    object: part.to.collection,
    having: part.to.legacyKey,
    by: Object.fromEntries([...by].map((name) => [name, name])),
    measure: measure.kind === 'sum' ? { ...measure, of: property ?? '' } : { kind: 'count' as const },
  };
  const answer = await target.figures(request, call);
  if (answer.kind === 'unsupported') return { reason: answer.reason };

  const value = 'landfall_value';
  const texts = Object.fromEntries([...by, value].map((name) => [name, 'VARCHAR']));
  const name = identifier(`live:${control.name}`);
  await job.createTable(`live:${control.name}`, texts);
  for (let i = 0; i < answer.rows.length; i += LiveRows) {
    const rows = answer.rows.slice(i, i + LiveRows).map((row) => ({ ...row.group, [value]: row.value }));
    await job.insert(`live:${control.name}`, texts, rows);
  }
  const typed = [...by].map(
    (one) => `CAST(${identifier(one)} AS ${types.get(one) ?? 'VARCHAR'}) AS ${identifier(one)}`,
  );
  const groups = `(SELECT ${[...typed, identifier(value)].join(', ')} FROM ${name})`;
  const summed: ControlSide =
    measure.kind === 'countDistinct'
      ? side
      : { ...side, measure: { kind: 'sum', of: value, scale: measure.kind === 'sum' ? measure.scale : 0 } };
  return { figure: await stagedFigure(job, control, summed, groups) };
}

const Count = z.object({ n: z.coerce.number() });

/**
 * Finds the keys of the source rows of which nothing went into the target, chunk by chunk. They are few as a rule, where
 * those that did are as many as there are rows: a join with them needs memory that grows with the rows. That each row is
 * rejected, left behind or contributes to a ready one is proven before: see `proveAccounting`.
 */
export async function findAbsent(
  job: DuckJob,
  { pieces, rejects, left }: Pick<StagedPart, 'pieces' | 'rejects' | 'left'>,
  beat: Beat,
): Promise<void> {
  const sources = (join: string, { ready, receipts }: Piece): string =>
    `SELECT unnest(q._sources) AS _source FROM ${ready.open} q ${join} (SELECT _key FROM ${receipts} r WHERE ${hasArrived('r')}) USING (_key)`;
  await job.run('DROP TABLE IF EXISTS absent');
  await job.createTable('absent', { _source: 'VARCHAR' });
  await job.run(`INSERT INTO absent SELECT _source FROM ${rejects} UNION SELECT _source FROM ${left}`);
  for (const piece of pieces) {
    await job.run(`INSERT INTO absent ${sources('ANTI JOIN', piece)}`);
    beat.beat();
  }
  const { n } = await job.one('SELECT count(*) AS n FROM absent', Count);
  if (n === 0) return;
  // What went into several rows may have arrived in one of them alone.
  for (const piece of pieces) {
    await job.run(`DELETE FROM absent WHERE _source IN (${sources('JOIN', piece)})`);
    beat.beat();
  }
}

/** SQL of a control's side over the columns of its rows. */
function expressionsOf({ by, where, measure }: ControlSide): string[] {
  return [...Object.values(by), ...(where === undefined ? [] : [where]), ...('of' in measure ? [measure.of] : [])];
}

/** The rows of a control's side, with what is restricted only where the control reads it: that takes a join of them all. */
async function readBy(job: DuckJob, guard: MappingGuard, side: ControlSide, rows: Rows): Promise<string> {
  if (rows.open === rows.whole) return rows.open;
  const inspected = await guard.inspectAll(
    expressionsOf(side).map((sql) => ({ sql })),
    await job.describe(`SELECT * FROM ${rows.open}`),
  );
  return inspected.every(({ problems }) => problems.length === 0) ? rows.open : rows.whole;
}

/** Every control on every side on which it can be computed, and what the sides say of each other. */
export async function computeFigures(
  staging: Staging,
  of: Omit<Asked, 'guard'> & {
    parts: ReadonlyMap<string, StagedPart>;
    keys: Record<string, string>;
    /** The source's own answers, by control. */
    asked: Record<string, [string, string][]>;
  },
  beat: Beat,
): Promise<FigureReport[]> {
  const { controls } = of.plan.blueprint;
  if (controls.length === 0) return [];
  const sided = controls.map((control) => ({
    control,
    actual: of.parts.get(control.target.of),
    source: control.source && of.parts.get(control.source.of),
  }));
  const files = sided.flatMap(({ actual, source }) => [...(actual?.files ?? []), ...(source?.files ?? [])]);
  const job = {
    purpose: 'compute the controls',
    scratch: staging.scratch,
    keys: of.keys,
    reads: [...new Set(files)],
    signal: beat.signal,
  };
  const reports = new Map<string, FigureReport>();
  await withDuckJob(staging.budget, job, async (duck) => {
    const asked = { ...of, guard: await openMappingGuard(duck) };
    // Of one source at a time it is found what did not arrive.
    for (const [source, ofSource] of Map.groupBy(sided, (one) => one.source)) {
      if (source) await findAbsent(duck, source, beat);
      for (const { control, actual } of ofSource) {
        const side = async (
          which: ControlSide | undefined,
          rows: Rows | undefined,
          narrowed: (relation: string) => string = (relation) => relation,
        ): Promise<Figure | null> =>
          which && rows
            ? stagedFigure(duck, control, which, narrowed(await readBy(duck, asked.guard, which, rows)))
            : null;
        const said = of.asked[control.name];
        const live = actual ? await asking(duck, asked, control, actual.actual.whole) : { reason: '' };
        const report = figureReport(control, {
          source: said ? new Map(said) : null,
          staged: await side(control.source, source?.extracted),
          // What a person corrected was moved as corrected: the difference shows between staged and moved.
          moved: await side(control.source, source?.corrected, (rows) => movedRows(rows, 'absent')),
          target: await side(control.target, actual?.actual),
          live: 'figure' in live ? live.figure : null,
          ...('reason' in live ? { liveReason: live.reason } : {}),
        });
        reports.set(control.name, report);
        beat.beat(reports.size);
      }
    }
  });
  return controls.flatMap(({ name }) => reports.get(name) ?? []);
}

/** A target that cannot be asked is no reason to go without a report: what was read back stands for it. */
async function asking(job: DuckJob, of: Asked, control: Control, actual: string): Promise<Live> {
  try {
    return await liveFigure(job, of, control, actual);
  } catch (error) {
    if (!(error instanceof LandfallError) || error.kind !== 'permanent') throw error;
    return { reason: 'its answer could not be understood' };
  }
}
