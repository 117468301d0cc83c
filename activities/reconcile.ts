import { z } from 'zod';
import type { RequestGate, Target } from '../connectors/port.ts';
import { partsOf, type Entity, type Part } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import type { Held, PartReport, Report } from '../model/report.ts';
import { Counts, totalOf, type CountsByPart } from '../model/run.ts';
import { proveAccounting } from '../reconcile/accounting.ts';
import { compareAttachments } from '../reconcile/attachments.ts';
import { compareRows } from '../reconcile/compare.ts';
import { stageFindings } from '../reconcile/findings.ts';
import { reasonFor } from '../reconcile/reasons.ts';
import { verdictOf } from '../reconcile/verdict.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import { parquetKeys } from '../staging/rows.ts';
import { comparedSides, pointedAt } from './compared.ts';
import type { CorrectionsMade, ReportMade, RunRef } from './contract.ts';
import { readCorrections } from './corrections.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan, readRecords, type EntityRecords } from './documents.ts';
import { computeFigures } from './figures.ts';
import { crosswalksOf } from './load-rows.ts';
import { sourceFigures } from './measure.ts';
import { entityOf, isRestrictedField, plannedPart, restrictedKey, targetOf } from './parts.ts';
import { Receipt } from './receipts.ts';
import { putReport } from './reports.ts';
import { sideBySide } from './side-by-side.ts';
import { maskedFields, openStagedEntity, type StagedPart } from './staged-parts.ts';

export interface ReconcileInput extends RunRef {
  /** The digest of what the run knows of its entities. */
  entities: string;
  sourceFigures: string;
  corrections: CorrectionsMade[];
  startedAt: string;
}

const HeldRows = z.object({ rule: z.string(), field: z.string(), rows: z.coerce.number() });

/** @param counted what a line of the relation stands for: one row, or as many as a column of it says */
async function held(job: DuckJob, part: Part, sql: string, counted = 'count(*)'): Promise<Held[]> {
  const rows = await job.all(
    `SELECT rule, field, ${counted} AS rows FROM ${sql} GROUP BY rule, field ORDER BY rows DESC, rule, field`,
    HeldRows,
  );
  return rows.map((row) => ({ ...row, reason: reasonFor(part, row.rule) }));
}

const OneCount = z.object({ n: z.coerce.number() });
const Outcome = z.object({ outcome: Receipt.shape.outcome, pending: z.boolean(), n: z.coerce.number() });

/** Gathers in the table `outcomes` what the target said of how many rows: a few lines, where receipts are millions. */
async function gatherOutcomes(job: DuckJob, receipts: readonly string[], beat: Beat): Promise<void> {
  await job.run('DROP TABLE IF EXISTS outcomes');
  await job.createTable('outcomes', {
    outcome: 'VARCHAR',
    pending: 'BOOLEAN',
    code: 'VARCHAR',
    dropped: 'VARCHAR',
    n: 'BIGINT',
  });
  for (const piece of receipts) {
    await job.run(`INSERT INTO outcomes SELECT outcome, pending, code, dropped, count(*) FROM ${piece} GROUP BY ALL`);
    beat.beat();
  }
}

/** A part's rows as the staged files themselves count them; what is not about rows comes from the steps' own counts. */
async function accountFor(job: DuckJob, staged: StagedPart, told: CountsByPart[string]): Promise<Counts> {
  const count = async (sql: string): Promise<number> => (await job.one(`SELECT ${sql}`, OneCount)).n;
  const counts = Counts.parse({
    droppedReferences: told.droppedReferences,
    attachments: told.attachments,
    attachmentBytes: told.attachmentBytes,
    extracted: await count(`count(*) AS n FROM ${staged.extracted.open}`),
    contributing: await count(`CAST(coalesce(sum(len(_sources)), 0) AS BIGINT) AS n FROM ${staged.ready}`),
    rejected: await count(`count(DISTINCT _source) AS n FROM ${staged.rejects}`),
    left: await count(`count(*) AS n FROM ${staged.left}`),
    ready: await count(`count(*) AS n FROM ${staged.ready}`),
  });
  const outcomes = await job.all(
    'SELECT outcome, pending, sum(n) AS n FROM outcomes GROUP BY outcome, pending',
    Outcome,
  );
  for (const { outcome, pending, n } of outcomes) counts[pending ? 'pending' : outcome] += n;
  return counts;
}

/** Where a part of a run stands: what there is to compare, and with what. */
interface Place {
  staging: Staging;
  plan: Plan;
  entity: Entity;
  part: Part;
  staged: StagedPart;
  records: EntityRecords;
  target: Target;
  gate: RequestGate;
  keys: Record<string, string>;
}

/** Accounts for every row of a part, and compares each that should be in the target with what is there. */
async function reconcilePart(of: Place, beat: Beat): Promise<PartReport> {
  const { staging, plan, entity, part, staged, records, target, gate, keys } = of;
  const pointed = pointedAt(part).flatMap((name) => {
    const crosswalk = records[name]?.crosswalk;
    return crosswalk === undefined || crosswalk === null ? [] : [[name, crosswalk] as const];
  });
  const crosswalks = await crosswalksOf(staging, Object.fromEntries(pointed));
  const job = { purpose: `reconcile ${part.name}`, keys, signal: beat.signal };
  const told = totalOf(records[entity.name]?.counts ?? {})[part.name] ?? {};
  const planned = plannedPart(plan, part.name);
  const list = plan.options.listedDifferences;
  return withOwnSql(staging, job, async (duck) => {
    await gatherOutcomes(duck, staged.receipts, beat);
    const accounting = await accountFor(duck, staged, told);
    const keyed = 'keyedBy' in part && part.keyedBy !== undefined;
    proveAccounting(accounting, { part: part.name, keyed, sourceRows: told.extracted ?? 0 });
    beat.beat();
    const comparison = await compareRows(duck, {
      ...comparedSides(part, staged, crosswalks),
      masked: maskedFields(part, planned),
      list,
      beat: () => beat.beat(),
    });
    const lists = await stageFindings(staging, duck, {
      entity: entity.name,
      part: part.name,
      restricted: Object.keys(part.fields).filter((field) => isRestrictedField(plan, part, field)),
      restrictedKey: restrictedKey(entity),
    });
    beat.beat();
    const due =
      staged.attachmentsDue === null
        ? null
        : await duck.one(`SELECT count(*) AS n FROM ${staged.attachmentsDue}`, OneCount);
    const said = (rule: string, field: string, where: string): Promise<Held[]> =>
      held(duck, part, `(SELECT ${rule} AS rule, ${field} AS field, n FROM outcomes WHERE ${where})`, 'sum(n)');
    return {
      part: part.name,
      entity: entity.name,
      title: part.title,
      consistency: entity.consistency,
      refusedLimit: entity.rejectLimit,
      accounting,
      targetCount: await target.countRows(targetOf(part), { gate, signal: beat.signal }),
      ...comparison,
      lists,
      rejected: await held(duck, part, staged.rejects),
      leftBehind: await held(duck, part, `(SELECT rule, '' AS field FROM ${staged.left})`),
      refused: await said('code', `''`, `outcome = 'refused'`),
      blocked: await said(`split_part(code, ':', 1)`, `split_part(code, ':', 2)`, `outcome = 'blocked'`),
      dropped: await said(`'reference.missing'`, `unnest(string_split(dropped, ','))`, `dropped <> ''`),
      attachments:
        staged.attachments === null
          ? null
          : await compareAttachments(duck, staged.attachments, { list, due: due?.n ?? 0 }),
    };
  });
}

/** What people corrected by hand: how much of what, by whom and why, but no values. */
async function correctionsOf(
  staging: Staging,
  corrections: readonly CorrectionsMade[],
): Promise<Report['corrections']> {
  const made: NonNullable<Report['corrections']> = [];
  for (const { digest, by } of corrections) {
    const { reason, entries } = await readCorrections(staging, digest);
    for (const part of new Set(entries.map((one) => one.part))) {
      const own = entries.filter((one) => one.part === part);
      const rows = new Set(own.map((one) => one.key)).size;
      made.push({ part, rows, columns: [...new Set(own.map((one) => one.column))].sort(), by, reason, digest });
    }
  }
  return made;
}

/** Compares everything that was read back with what was meant, computes the controls, and seals the report. */
export async function reconcile(deps: Dependencies, of: ReconcileInput, beat: Beat): Promise<ReportMade> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const target = await deps.target(plan.target.name);
  const gate = deps.gate(plan.target.name, plan.options);
  const records = await readRecords(staging, of.entities);
  const entities = plan.order.map((name) => entityOf(plan, name));
  const keys = await parquetKeys(staging, ['rows', ...entities.map(restrictedKey)]);
  const all = new Map<string, StagedPart>();
  const positions = new Set<string>();
  const asAt: string[] = [];
  const places: Place[] = [];
  for (const entity of entities) {
    const opened = await openStagedEntity(staging, entity, records[entity.name]?.ledgers ?? {});
    for (const position of opened.positions) positions.add(position);
    asAt.push(...opened.asAt);
    for (const part of partsOf(entity)) {
      const staged = opened.parts.get(part.name);
      if (!staged) continue;
      all.set(part.name, staged);
      places.push({ staging, plan, entity, part, staged, records, target, gate, keys });
    }
  }
  // As many at a time as there is room for: one after the other, many small parts would leave cores idle.
  const parts = await sideBySide(places, { atATime: staging.budget.slots, signal: beat.signal }, (place, signal) =>
    reconcilePart(place, { signal, beat: (done) => beat.beat(done) }),
  );
  const asked = (await sourceFigures(staging, of.sourceFigures)).figures;
  const figures = await computeFigures(
    staging,
    { plan, target, call: { gate, signal: beat.signal }, parts: all, keys, asked },
    beat,
  );
  const report: Report = {
    version: 1,
    run: of.run,
    migration: plan.migration,
    title: plan.blueprint.title,
    mode: plan.mode,
    plan: of.plan,
    staged: of.entities,
    source: { connection: plan.source.name, positions: [...positions].sort() },
    target: { connection: plan.target.name, asAt: asAt.sort()[0] ?? '' },
    owners: plan.owners.map((id) => ({ id, name: plan.people[id]?.name ?? id })),
    startedAt: of.startedAt,
    endedAt: deps.now().toISOString(),
    ...verdictOf(parts, figures),
    corrections: await correctionsOf(staging, of.corrections),
    parts,
    figures,
  };
  const digest = await putReport(staging, report);
  const sum = (pick: (part: PartReport) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  return {
    digest,
    verdict: report.verdict,
    rowsCompared: sum((part) => part.readBack),
    differences: sum((part) => part.differencesTotal),
    missing: sum((part) => part.missing),
    unexpected: sum((part) => part.unexpected),
    position: report.source.positions.join('; '),
    asAt: report.target.asAt,
  };
}
