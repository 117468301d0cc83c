import { z } from 'zod';
import { partsOf, type Entity, type Part } from '../model/blueprint.ts';
import type { ControlSide } from '../model/controls.ts';
import type { Plan } from '../model/plan.ts';
import { Report, type FigureReport, type PartReport } from '../model/report.ts';
import { addCounts, totalOf } from '../model/run.ts';
import { identifier, literal } from '../model/sql.ts';
import { compareRows, type Comparison } from '../reconcile/compare.ts';
import { figureReport, movedRows, stagedFigure, type Figure } from '../reconcile/figures.ts';
import { reportPage } from '../reconcile/page.ts';
import { seal } from '../reconcile/seal.ts';
import { verdictOf } from '../reconcile/verdict.ts';
import { withDuckJob, type DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import type { Manifest } from '../staging/manifest.ts';
import { parquetKeys, relationOf } from '../staging/rows.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import { bodyFieldsOf } from './compared.ts';
import type { CorrectionsMade, Ledgers, ReportMade, RunRef } from './contract.ts';
import { correctedManifests, readCorrections } from './corrections.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { crosswalksIn, loadPlan, readRecords } from './documents.ts';
import { crosswalksOf } from './load-rows.ts';
import { partNamed, sourceFigures } from './measure.ts';
import { entityOf, plannedPart, restrictedKey, roleOf, targetOf } from './parts.ts';
import { inputsOf, manifestsOf } from './transform.ts';

export interface ReconcileInput extends RunRef {
  /** The digest of what the run knows of its entities. */
  entities: string;
  sourceFigures: string;
  corrections: CorrectionsMade[];
  startedAt: string;
}

/** Relations of one part, in a job that may read their files. */
interface PartRelations {
  extracted: string;
  /** With people's corrections in place of what was extracted. */
  corrected: string;
  ready: string;
  actual: string;
  receipts: string;
  rejects: string;
  left: string;
  attachments: string | null;
}

interface Opened {
  relations: Map<string, PartRelations>;
  files: string[];
  positions: Set<string>;
  asAt: string[];
}

const nothing = (columns: readonly string[]): string =>
  `(SELECT ${columns.map((name) => `CAST(NULL AS VARCHAR) AS ${identifier(name)}`).join(', ')} WHERE false)`;

async function openEntity(staging: Staging, entity: Entity, ledgers: Ledgers, into: Opened): Promise<void> {
  const step = (name: Manifest['step']): Promise<Manifest[]> => {
    const digest = ledgers[name];
    return digest === undefined ? Promise.resolve([]) : manifestsOf(staging, entity.name, name, digest);
  };
  const [extract, transform, load, references, readback, moved] = await Promise.all(
    (['extract', 'transform', 'load', 'references', 'readback', 'attachments'] as const).map(step),
  );
  const relation = async (
    manifests: Manifest[] | undefined,
    role: string,
    empty: readonly string[],
  ): Promise<string> => {
    const inputs = await inputsOf(staging, manifests ?? [], role);
    into.files.push(...inputs.map((input) => input.local));
    return inputs.length === 0 ? nothing(empty) : relationOf(inputs);
  };
  const joined = async (
    manifests: Manifest[] | undefined,
    role: string,
    side: string,
    key: string,
  ): Promise<string> => {
    const main = await relation(manifests, role, [key]);
    const secret = await inputsOf(staging, manifests ?? [], side);
    if (secret.length === 0) return main;
    into.files.push(...secret.map((input) => input.local));
    return `(SELECT * FROM ${main} m JOIN ${relationOf(secret)} r USING (${key}))`;
  };
  const corrected = await correctedManifests(staging, entity.name, ledgers);
  const first = await relation(load, 'receipts', [
    'part',
    '_key',
    'outcome',
    'target',
    'code',
    'message',
    'pending',
    'dropped',
  ]);
  const second = await relation(references, 'receipts', [
    'part',
    '_key',
    'outcome',
    'target',
    'code',
    'message',
    'pending',
    'dropped',
  ]);
  for (const manifest of extract ?? []) if (manifest.position !== null) into.positions.add(manifest.position);
  for (const manifest of readback ?? []) if (manifest.position !== null) into.asAt.push(manifest.position);
  for (const part of partsOf(entity)) {
    const role = (name: string): string => roleOf(entity, part, name);
    into.relations.set(part.name, {
      extracted: await joined(extract, role('rows'), role('restricted'), '_key'),
      corrected: await joined(corrected, role('rows'), role('restricted'), '_key'),
      ready: await joined(transform, role('rows'), role('restricted'), '_key'),
      actual: await joined(readback, role('actual'), role('actual-restricted'), '_target'),
      // The generation of the later pass wins over that of the first.
      receipts: `(SELECT * FROM (SELECT *, 2 AS generation FROM ${second} UNION ALL BY NAME SELECT *, 1 AS generation FROM ${first})
        WHERE part = ${literal(part.name)} QUALIFY row_number() OVER (PARTITION BY _key ORDER BY generation DESC) = 1)`,
      rejects: await relation(transform, role('rejects'), ['_source', 'rule', 'field', 'value']),
      left: await relation(transform, role('left'), ['_source', 'rule']),
      attachments:
        part.name === entity.name && entity.attachments
          ? await relation(moved, 'attachments', ['_key', 'bytes', 'sha256', 'actual_bytes', 'actual_sha256'])
          : null,
    });
  }
}

const Held = z.object({ rule: z.string(), field: z.string(), rows: z.coerce.number() });
type Held = z.infer<typeof Held>;

function reasonFor(part: Part, rule: string): string {
  const check = part.checks.find((one) => one.name === rule);
  if (check) return check.hint;
  const left = part.leave.find((one) => one.name === rule);
  if (left) return left.reason;
  const known: Record<string, string> = {
    required: 'The target requires a value, and the source has none.',
    'text.too-long': 'The text is longer than the target can hold.',
    'number.digits-lost': 'The target would lose digits of the number.',
    'number.too-large': 'The number is larger than the target can hold.',
    'number.format': 'The value is not a number.',
    'document.line-held-back': 'A line of the document is held back, and documents move whole or not at all.',
    'document.held-back': 'The document that the line belongs to is held back as a whole.',
    'document.no-header': 'The line has no header in the source.',
    'reference.missing': 'The row that it refers to is not in the target.',
  };
  if (rule.startsWith('lookup.')) return `The value is not in the reference data «${rule.slice('lookup.'.length)}».`;
  return known[rule] ?? '';
}

async function held(job: DuckJob, part: Part, sql: string): Promise<(Held & { reason: string })[]> {
  const rows = await job.all(
    `SELECT rule, field, count(*) AS rows FROM ${sql} GROUP BY rule, field ORDER BY rows DESC, rule, field`,
    Held,
  );
  return rows.map((row) => ({ ...row, reason: reasonFor(part, row.rule) }));
}

const Moved = z.object({ moved: z.coerce.number(), bytes: z.coerce.number(), differing: z.coerce.number() });

async function attachmentsOf(job: DuckJob, relation: string | null): Promise<z.infer<typeof Moved> | null> {
  if (relation === null) return null;
  return job.one(
    `SELECT count(*) AS moved, coalesce(sum(CAST(bytes AS BIGINT)), 0) AS bytes,
       count(*) FILTER (WHERE bytes IS DISTINCT FROM actual_bytes OR sha256 IS DISTINCT FROM actual_sha256) AS differing FROM ${relation}`,
    Moved,
  );
}

/** The columns that a control may use, as the source types them: exact numbers that are staged as text are numbers again. */
function controlView(plan: Plan, part: Part, relation: string): string {
  const numeric = plannedPart(plan, part.name).columns.flatMap((column) => {
    const found = /^numeric(?:\((\d+),(\d+)\))?$/.exec(column.nativeType);
    if (!found || column.stagedType !== 'VARCHAR') return [];
    const scale = found[2] ?? '15';
    return [`CAST(${identifier(column.name)} AS DECIMAL(38, ${scale})) AS ${identifier(column.name)}`];
  });
  return numeric.length === 0 ? relation : `(SELECT * REPLACE (${numeric.join(', ')}) FROM ${relation})`;
}

async function figuresOf(
  job: DuckJob,
  plan: Plan,
  relations: ReadonlyMap<string, PartRelations>,
  asked: Record<string, [string, string][]>,
): Promise<FigureReport[]> {
  const reports: FigureReport[] = [];
  const side = async (
    control: (typeof plan.blueprint.controls)[number],
    of: ControlSide,
    relation: string,
  ): Promise<Figure> => stagedFigure(job, control, of, relation);
  for (const control of plan.blueprint.controls) {
    const target = relations.get(control.target.of);
    const source = control.source && relations.get(control.source.of);
    const part = control.source && partNamed(plan, control.source.of);
    const view = source && part ? controlView(plan, part, source.extracted) : null;
    // What a person corrected was moved as corrected: the difference shows between staged and moved.
    const meant = source && part ? controlView(plan, part, source.corrected) : null;
    const arrived = source
      ? `(SELECT DISTINCT s._source FROM (SELECT unnest(_sources) AS _source, _key FROM ${source.ready}) s
          JOIN ${source.receipts} r ON r._key = s._key WHERE r.outcome IN ('created', 'updated', 'unchanged'))`
      : '';
    const said = asked[control.name];
    reports.push(
      figureReport(control, {
        source: said ? new Map(said) : null,
        staged: control.source && view !== null ? await side(control, control.source, view) : null,
        moved: control.source && meant !== null ? await side(control, control.source, movedRows(meant, arrived)) : null,
        target: target ? await side(control, control.target, target.actual) : null,
      }),
    );
  }
  return reports;
}

function maskedFields(plan: Plan, part: Part): Set<string> {
  const { classes } = plannedPart(plan, part.name);
  return new Set(
    Object.keys(part.fields).filter((field) => classes[field] === 'personal' || classes[field] === 'restricted'),
  );
}

function pagePath(run: string, digest: string): string {
  return `runs/${run}/report-${digest.slice(0, 32)}.json`;
}

/** A sealed report, proven by its digest. */
export async function readReport(staging: Staging, digest: string): Promise<Report> {
  const { text } = await getSealed(staging, pagePath(staging.run, digest), z.strictObject({ text: z.string() }));
  const report = Report.parse(JSON.parse(text));
  if (seal(report).digest !== digest) throw new Error('the report does not have the digest it is filed under');
  return report;
}

/** The report's page for a browser. */
export async function readReportPage(staging: Staging, digest: string): Promise<string> {
  return reportPage(await readReport(staging, digest), digest);
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
  const call = { gate: deps.gate(plan.target.name, plan.options), signal: beat.signal };
  const opened: Opened = { relations: new Map(), files: [], positions: new Set(), asAt: [] };
  const entities = plan.order.map((name) => entityOf(plan, name));
  const records = await readRecords(staging, of.entities);
  for (const entity of entities) {
    await openEntity(staging, entity, records[entity.name]?.ledgers ?? {}, opened);
    beat.beat();
  }
  const crosswalks = await crosswalksOf(staging, crosswalksIn(records));
  const keys = await parquetKeys(staging, ['rows', ...entities.map(restrictedKey)]);
  const asked = await sourceFigures(staging, of.sourceFigures);

  return withDuckJob(
    staging.budget,
    {
      purpose: 'reconcile',
      scratch: staging.scratch,
      keys,
      reads: [...new Set([...opened.files, ...crosswalks.files])],
      signal: beat.signal,
    },
    async (job) => {
      const parts: PartReport[] = [];
      for (const entity of entities) {
        for (const part of partsOf(entity)) {
          const relations = opened.relations.get(part.name);
          if (!relations) continue;
          const compared = bodyFieldsOf(plan, entity, part, relations, opened.relations, crosswalks.relations);
          const result: Comparison = await compareRows(job, {
            meant: compared.meant,
            actual: compared.actual,
            fields: compared.fields,
            masked: maskedFields(plan, part),
            list: plan.options.listedDifferences,
          });
          beat.beat();
          parts.push({
            part: part.name,
            entity: entity.name,
            title: part.title,
            consistency: entity.consistency,
            accounting: addCounts(totalOf(records[entity.name]?.counts ?? {})[part.name] ?? {}),
            targetCount: await target.countRows(targetOf(part), call),
            ...result,
            rejected: await held(job, part, relations.rejects),
            leftBehind: await held(job, part, `(SELECT rule, '' AS field FROM ${relations.left})`),
            refused: await held(
              job,
              part,
              `(SELECT code AS rule, '' AS field FROM ${relations.receipts} WHERE outcome = 'refused')`,
            ),
            blocked: await held(
              job,
              part,
              `(SELECT split_part(code, ':', 1) AS rule, split_part(code, ':', 2) AS field FROM ${relations.receipts} WHERE outcome = 'blocked')`,
            ),
            dropped: await held(
              job,
              part,
              `(SELECT 'reference.missing' AS rule, unnest(string_split(dropped, ',')) AS field FROM ${relations.receipts} WHERE dropped <> '')`,
            ),
            attachments: await attachmentsOf(job, relations.attachments),
          });
        }
      }
      const figures = await figuresOf(job, plan, opened.relations, asked.figures);
      const judged = verdictOf(parts, figures);
      const report: Report = {
        version: 1,
        run: of.run,
        migration: plan.migration,
        title: plan.blueprint.title,
        mode: plan.mode,
        plan: of.plan,
        source: { connection: plan.source.name, positions: [...opened.positions].sort() },
        target: { connection: plan.target.name, asAt: opened.asAt.sort()[0] ?? '' },
        owners: plan.owners.map((id) => ({ id, name: plan.people[id]?.name ?? id })),
        startedAt: of.startedAt,
        ...judged,
        corrections: await correctionsOf(staging, of.corrections),
        parts,
        figures,
      };
      const { text, digest } = seal(report);
      await putSealed(staging, pagePath(of.run, digest), { text });
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
    },
  );
}
