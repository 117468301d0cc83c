import { resolve } from 'node:path';
import type { Source, TableDescription, Target } from '../connectors/port.ts';
import { sourceExpressions } from '../mapping/compile.ts';
import { partsOf, type Part } from '../model/blueprint.ts';
import type { Config, Person } from '../model/config.ts';
import { problemFrom, type Problem } from '../model/errors.ts';
import { strictest, type Classification } from '../model/names.ts';
import { RunOptions } from '../model/options.ts';
import { type Plan, type PlannedPart, type RunMode } from '../model/plan.ts';
import { lookupsIn, textOf, type Sql } from '../model/sql.ts';
import type { DuckBudget } from '../staging/duckdb/budget.ts';
import { withDuckJob } from '../staging/duckdb/job.ts';
import { openMappingGuard, type MappingGuard } from '../staging/mapping-guard.ts';
import { loadBlueprint } from './blueprint-file.ts';
import { consistencyProblems, orderOf, problem, selfProblems } from './blueprint-problems.ts';
import { decisionProblems } from './open-decisions.ts';
import { targetOf } from './parts.ts';
import { QuestionsAtATime, sideBySide } from './side-by-side.ts';

/** What both systems say of a part. */
interface Told {
  described: TableDescription;
  shape: Problem[];
  targetFingerprint: string;
}

async function askAbout(part: Part, source: Source, target: Target | undefined): Promise<Told> {
  const [described] = await source.describe([part.from.object]);
  if (!described) throw new Error(`nothing is known of ${part.from.object}`);
  const shape = (await target?.checkShape(targetOf(part))) ?? [];
  const { collection } = part.to;
  const fingerprints = (await target?.fingerprint([collection])) ?? {};
  return { described, shape, targetFingerprint: fingerprints[collection] ?? '' };
}

async function planPart(
  part: Part,
  { described, shape, targetFingerprint }: Told,
  guard: MappingGuard,
): Promise<{ planned: PlannedPart; problems: Problem[] }> {
  const problems: Problem[] = [];
  const large = 'attachments' in part && part.attachments ? part.attachments.content : null;
  const wanted = part.from.columns;
  const columns = described.columns
    .filter((column) => wanted === undefined || wanted.includes(column.name) || column.name === large)
    .map((column) => (column.name === large ? { ...column, large: true } : column));
  const known = new Set(described.columns.map((column) => column.name));
  const keyed = [
    ...part.from.key,
    ...(wanted ?? []),
    ...Object.keys(part.from.classify),
    ...('headerKey' in part ? part.headerKey : []),
    ...(large === null ? [] : [large]),
  ];
  for (const column of new Set(keyed)) {
    if (known.has(column)) continue;
    problems.push(
      problem(
        'source.missing-column',
        `${part.from.object} has no column ${column}.`,
        { entity: part.name, column },
        `Its columns are ${[...known].join(', ')}.`,
      ),
    );
  }
  problems.push(
    ...shape.map((one) => ({
      ...one,
      where: { entity: part.name, ...one.where },
    })),
  );

  const visible = new Map(
    columns.filter((column) => column.large !== true).map((column) => [column.name, column.stagedType]),
  );
  const grouped = 'keyedBy' in part && part.keyedBy !== undefined;
  const used = new Map<string, string[]>();
  // A lookup stands for one value of reference data: text, as far as types are concerned.
  const text = (sql: Sql): string => textOf(sql, () => `CAST(NULL AS VARCHAR)`);
  const expressions = sourceExpressions(part).flatMap(({ at, sql }) => {
    const rowLevel = at === 'keyedBy' || at.startsWith('leave ') || at.startsWith('check ');
    const keys = lookupsIn(sql).map((lookup) => ({ at, sql: text(lookup.key), rowLevel: true }));
    return [{ at, sql: text(sql), rowLevel }, ...keys];
  });
  const inspections = await guard.inspectAll(
    expressions.map(({ at, sql, rowLevel }) => ({
      sql,
      options: {
        where: { entity: part.name, field: at },
        ...(grouped && !rowLevel ? { grouped: { key: part.from.key } } : {}),
      },
    })),
    visible,
  );
  for (const [n, found] of inspections.entries()) {
    const { at = '' } = expressions[n] ?? {};
    used.set(at, [...(used.get(at) ?? []), ...found.columns]);
    problems.push(...found.problems);
    const shape = part.to.shape[at]?.type;
    if (shape?.kind === 'timestamp' && found.type === 'TIMESTAMP') {
      problems.push(
        problem(
          'mapping.zone',
          'The expression gives a local time without a time zone, and the field is an instant.',
          { entity: part.name, field: at },
          "Say which zone it is in: local_time(column, 'Europe/Zurich', 'later', 'earlier').",
        ),
      );
    }
  }
  const classOf = (field: string): Classification =>
    strictest((used.get(field) ?? []).map((column) => part.from.classify[column] ?? 'internal'));
  const classes = Object.fromEntries(Object.keys(part.fields).map((field) => [field, classOf(field)]));
  return {
    planned: {
      columns: columns.map(({ name, nativeType, stagedType, nullable, castReason, large: isLarge }) => ({
        name,
        nativeType,
        stagedType,
        nullable,
        ...(castReason === undefined ? {} : { castReason }),
        ...(isLarge === undefined ? {} : { large: isLarge }),
      })),
      estimatedRows: described.estimatedRows,
      sourceFingerprint: described.fingerprint,
      targetFingerprint,
      classes,
      reads: Object.fromEntries([...used].map(([at, names]) => [at, [...new Set(names)].sort()])),
    },
    problems,
  };
}

async function collected(problems: Problem[], where: Problem['where'], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    problems.push(problemFrom(error, where));
  }
}

/**
 * Makes the plan of a run: the blueprint resolved against the source's catalogue and the target's metadata, every
 * expression inspected. Looks for every problem instead of stopping at the first.
 *
 * @returns the plan, or null when a problem is an error
 */
export async function makePlan(of: {
  config: Config;
  folder: string;
  migration: string;
  mode: RunMode;
  version: string;
  people: Record<string, Person>;
  source: () => Promise<Source>;
  target: () => Promise<Target>;
  budget: DuckBudget;
  scratch: string;
}): Promise<{ plan: Plan | null; problems: Problem[] }> {
  const problems: Problem[] = [];
  const settings = of.config.migrations[of.migration];
  if (!settings) {
    const known = Object.keys(of.config.migrations).join(', ');
    return {
      plan: null,
      problems: [
        problem(
          'config.migration',
          `There is no migration ${of.migration}.`,
          { setting: 'migrations' },
          `Those configured are: ${known}.`,
        ),
      ],
    };
  }
  let source: Source | undefined;
  let target: Target | undefined;
  let loaded: Awaited<ReturnType<typeof loadBlueprint>> | undefined;
  await collected(
    problems,
    {},
    async () => void (loaded = await loadBlueprint(resolve(of.folder, settings.blueprint))),
  );
  await collected(problems, { connection: settings.source }, async () => {
    // A system that does not answer is one problem, not one for each of its tables.
    const opened = await of.source();
    await opened.ping();
    source = opened;
  });
  const targetName = settings.target;
  if (targetName === undefined) {
    problems.push(
      problem(
        'config.no-target',
        'The migration has no target yet: the source’s side alone was looked at.',
        { setting: `migrations.${of.migration}.target` },
        'Add a connection to the target, and name it there.',
      ),
    );
  } else
    await collected(problems, { connection: targetName }, async () => {
      const opened = await of.target();
      await opened.ping();
      target = opened;
    });
  if (!loaded) return { plan: null, problems };
  const { blueprint, bundle, lookups } = loaded;
  problems.push(...selfProblems(blueprint, lookups), ...decisionProblems(loaded.decisions, of.mode));
  const { order, problems: cycles } = orderOf(blueprint);
  problems.push(...cycles);
  const parts: Plan['parts'] = {};
  const from = source;
  const to = target;
  if (from) problems.push(...consistencyProblems(blueprint, from, settings.source));
  if (from && (to || targetName === undefined)) {
    const objects = blueprint.entities.flatMap(partsOf).map((part) => part.from.object);
    await collected(problems, { connection: settings.source }, async () => {
      problems.push(...((await from.checkPrivileges?.([...new Set(objects)])) ?? []));
    });
    const collections = blueprint.entities.flatMap(partsOf).map((part) => part.to.collection);
    if (to && targetName !== undefined) {
      await collected(problems, { connection: targetName }, async () => {
        problems.push(...((await to.checkPrivileges?.([...new Set(collections)])) ?? []));
      });
    }
    const answers = await sideBySide(blueprint.entities.flatMap(partsOf), { atATime: QuestionsAtATime }, (part) =>
      askAbout(part, from, to).then(
        (told) => ({ part, told: () => told }),
        (error: unknown) => ({
          part,
          told(): Told {
            throw error;
          },
        }),
      ),
    );
    await withDuckJob(of.budget, { purpose: 'inspect the mapping', scratch: of.scratch }, async (job) => {
      const guard = await openMappingGuard(job);
      for (const { part, told } of answers) {
        await collected(problems, { entity: part.name }, async () => {
          const done = await planPart(part, told(), guard);
          parts[part.name] = done.planned;
          problems.push(...done.problems);
        });
      }
    });
  }
  if (problems.some((one) => one.severity === 'error') || targetName === undefined) return { plan: null, problems };
  const involved = new Set([...settings.owners, ...settings.engineers]);
  const plan: Plan = {
    version: 1,
    landfall: of.version,
    migration: of.migration,
    mode: of.mode,
    source: {
      name: settings.source,
      kind: of.config.connections[settings.source]?.kind ?? '',
      freezes: from?.freeze !== undefined && from.isFrozen !== undefined,
      snapshots: from?.openLease !== undefined,
    },
    target: { name: targetName, kind: of.config.connections[targetName]?.kind ?? '' },
    blueprint,
    bundle,
    lookups,
    parts,
    order,
    people: Object.fromEntries(Object.entries(of.people).filter(([id]) => involved.has(id))),
    owners: settings.owners,
    engineers: settings.engineers,
    options: RunOptions.parse(settings.options ?? {}),
  };
  return { plan, problems };
}
