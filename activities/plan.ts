import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'csv-parse/sync';
import { build } from 'esbuild';
import { z } from 'zod';
import type { Source, Target } from '../connectors/port.ts';
import { sourceExpressions } from '../mapping/compile.ts';
import { Blueprint, partsOf, referencesOf, type Entity, type Part } from '../model/blueprint.ts';
import type { Config, Person } from '../model/config.ts';
import { LandfallError, problemFrom, type Problem } from '../model/errors.ts';
import { strictest, type Classification } from '../model/names.ts';
import { RunOptions } from '../model/options.ts';
import { type Plan, type PlannedPart, type RunMode } from '../model/plan.ts';
import { lookupsIn, textOf } from '../model/sql.ts';
import type { DuckBudget } from '../staging/duckdb/budget.ts';
import { withDuckJob } from '../staging/duckdb/job.ts';
import { openMappingGuard, type MappingGuard } from '../staging/mapping-guard.ts';
import { targetOf } from './parts.ts';

/** Bundles a blueprint's file with what it imports, evaluates it, and reads the reference data it names. */
export async function loadBlueprint(
  file: string,
): Promise<{ blueprint: Blueprint; bundle: string; lookups: Plan['lookups'] }> {
  const where = { file };
  let bundle: string;
  try {
    const result = await build({
      entryPoints: [file],
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node22',
      write: false,
      logLevel: 'silent',
      legalComments: 'none',
    });
    bundle = result.outputFiles[0]?.text ?? '';
  } catch (error) {
    throw new LandfallError({
      code: 'blueprint.unreadable',
      kind: 'permanent',
      what: `The blueprint cannot be read: ${firstLine(error)}.`,
      where,
      hint: 'Check the path in the configuration, and the file’s syntax and imports.',
      cause: error,
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'landfall-blueprint-'));
  try {
    const local = join(folder, 'blueprint.mjs');
    await writeFile(local, bundle);
    const loaded = (await import(pathToFileURL(local).href)) as { default?: unknown };
    const parsed = Blueprint.safeParse(loaded.default);
    if (!parsed.success) {
      throw new LandfallError({
        code: 'blueprint.invalid',
        kind: 'permanent',
        what: `The file’s default export is not a blueprint: ${parsed.error.issues[0]?.message ?? 'nothing is exported'}.`,
        where,
        hint: 'End the file with `export default blueprint(…)`.',
      });
    }
    return { blueprint: parsed.data, bundle, lookups: await readLookups(parsed.data, dirname(file)) };
  } catch (error) {
    if (error instanceof LandfallError) {
      throw new LandfallError({
        code: error.code,
        kind: error.kind,
        what: error.what,
        where: { ...where, ...error.where },
        hint: error.hint,
      });
    }
    throw new LandfallError({
      code: 'blueprint.failed',
      kind: 'permanent',
      what: `The blueprint stops with: ${firstLine(error)}.`,
      where,
      hint: 'Mend the file; nothing was run.',
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n').find((line) => line.includes('error:')) ?? text.split('\n')[0] ?? '')
    .trim()
    .replace(/\.$/, '');
}

/** RFC 4180, with a header line; every value is text. */
function csvRows(text: string): Record<string, string>[] {
  return z
    .array(z.record(z.string(), z.string()))
    .parse(parse(text, { columns: true, bom: true, skip_empty_lines: true }));
}

async function readLookups(blueprint: Blueprint, folder: string): Promise<Plan['lookups']> {
  const lookups: Plan['lookups'] = {};
  for (const [name, table] of Object.entries(blueprint.lookups)) {
    if (table.kind === 'rows') lookups[name] = table.rows;
    else {
      const file = resolve(folder, table.file);
      try {
        lookups[name] = csvRows(await readFile(file, 'utf8'));
      } catch (error) {
        throw new LandfallError({
          code: 'blueprint.lookup',
          kind: 'permanent',
          what: `The reference data ${name} cannot be read.`,
          where: { file, lookup: name },
          hint: 'Put the CSV file beside the blueprint, or mend its path.',
          cause: error,
        });
      }
    }
  }
  return lookups;
}

/** Entities in an order in which references point backwards; those that cannot be set yet must say `later`. */
export function orderOf(blueprint: Blueprint): { order: string[]; problems: Problem[] } {
  const waiting = new Map(blueprint.entities.map((entity) => [entity.name, new Set(loadAfter(entity))]));
  const order: string[] = [];
  while (waiting.size > 0) {
    const free = [...waiting]
      .filter(([, after]) => [...after].every((name) => !waiting.has(name)))
      .map(([name]) => name);
    if (free.length === 0) {
      const names = [...waiting.keys()];
      return {
        order: [...order, ...names],
        problems: [
          {
            code: 'blueprint.cycle',
            what: `References go round in a circle: ${names.join(' → ')}.`,
            where: { blueprint: blueprint.name, entity: names[0] ?? '' },
            hint: 'Give one of the references `{ later: true }`: it is then set when every row is there.',
            severity: 'error',
          },
        ],
      };
    }
    for (const name of free) {
      order.push(name);
      waiting.delete(name);
    }
  }
  return { order, problems: [] };
}

/** Entities whose rows must be in the target first. */
export function loadAfter(entity: Entity): string[] {
  const references = partsOf(entity)
    .flatMap(referencesOf)
    .filter((one) => !one.later);
  return [...new Set([...references.map((one) => one.entity), ...entity.after])];
}

function problem(code: string, what: string, where: Problem['where'], hint: string): Problem {
  return { code, what, where, hint, severity: 'error' };
}

/** What a blueprint says of itself that cannot be. */
function selfProblems(blueprint: Blueprint, lookups: Plan['lookups']): Problem[] {
  const problems: Problem[] = [];
  const names = new Set<string>();
  const reserved = new Set(['keys', 'evidence', 'blobs', 'lease', 'lookups']);
  for (const entity of blueprint.entities) {
    for (const part of partsOf(entity)) {
      const where = { entity: part.name };
      if (names.has(part.name))
        problems.push(problem('blueprint.twice', 'Two parts have the same name.', where, 'Give each its own.'));
      if (reserved.has(part.name))
        problems.push(
          problem('blueprint.reserved', 'The name is kept for Landfall’s own files.', where, 'Choose another.'),
        );
      names.add(part.name);
    }
  }
  for (const entity of blueprint.entities) {
    if (entity.consistency !== 'fuzzy') continue;
    problems.push(
      problem(
        'blueprint.fuzzy',
        'A fuzzy read cannot be signed before the target is kept in step with the source, which this version does not do.',
        { entity: entity.name },
        'Use `snapshot`, or `frozen` where the source has no snapshots.',
      ),
    );
  }
  for (const part of blueprint.entities.flatMap(partsOf)) {
    for (const [field, shape] of Object.entries(part.to.shape)) {
      if (shape.required && !part.fields[field]) {
        problems.push(
          problem(
            'blueprint.required',
            'A required field has no source.',
            { entity: part.name, field },
            'Map it, or mark it `.nullable()`.',
          ),
        );
      }
    }
    for (const field of Object.keys(part.fields)) {
      if (part.to.shape[field]) continue;
      problems.push(
        problem(
          'blueprint.field',
          `The shape of ${part.to.collection} has no such field.`,
          { entity: part.name, field },
          'Add it to the shape, or take it out of the mapping.',
        ),
      );
    }
    for (const { field, entity } of referencesOf(part)) {
      if (names.has(entity)) continue;
      problems.push(
        problem(
          'blueprint.reference',
          `A reference points at ${entity}, which is no entity.`,
          { entity: part.name, field },
          'Check the name in `crosswalk`.',
        ),
      );
    }
    for (const { at, sql } of sourceExpressions(part)) {
      for (const lookup of lookupsIn(sql)) {
        if (lookup.of !== 'blueprint') continue;
        const table = lookups[lookup.table];
        const column =
          table?.[0] &&
          (!(lookup.match in table[0]) ? lookup.match : !(lookup.take in table[0]) ? lookup.take : undefined);
        if (table && column === undefined) continue;
        const what = table
          ? `The reference data ${lookup.table} has no column ${column ?? ''}.`
          : `There is no reference data ${lookup.table}.`;
        problems.push(
          problem('blueprint.lookup', what, { entity: part.name, field: at }, 'Check `lookups` of the blueprint.'),
        );
      }
    }
  }
  for (const control of blueprint.controls) {
    for (const side of [control.source, control.target]) {
      if (!side || names.has(side.of)) continue;
      problems.push(
        problem(
          'blueprint.control',
          `A control reads ${side.of}, which is no entity.`,
          { control: control.name },
          'Check `of`.',
        ),
      );
    }
  }
  return problems;
}

/** Ways of being consistent that the source has not got. */
function consistencyProblems(blueprint: Blueprint, source: Source, connection: string): Problem[] {
  return blueprint.entities.flatMap(({ name, consistency }) => {
    const where = { entity: name, connection };
    if (consistency === 'frozen' && !(source.freeze && source.isFrozen)) {
      const hint = 'Configure `freeze` for the connection, or use `snapshot`.';
      return [problem('source.cannot-freeze', 'The source cannot be made to refuse writes.', where, hint)];
    }
    if (consistency === 'snapshot' && !source.openLease) {
      const hint = 'Use `frozen`: writes are refused while it is read.';
      return [problem('source.no-snapshots', 'The source cannot hold a snapshot.', where, hint)];
    }
    return [];
  });
}

async function planPart(
  part: Part,
  source: Source,
  target: Target,
  guard: MappingGuard,
): Promise<{ planned: PlannedPart; problems: Problem[] }> {
  const problems: Problem[] = [];
  const [described] = await source.describe([part.from.object]);
  if (!described) throw new Error(`nothing is known of ${part.from.object}`);
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
    ...(await target.checkShape(targetOf(part))).map((one) => ({ ...one, where: { entity: part.name, ...one.where } })),
  );

  const visible = new Map(
    columns.filter((column) => column.large !== true).map((column) => [column.name, column.stagedType]),
  );
  const grouped = 'keyedBy' in part && part.keyedBy !== undefined;
  const used = new Map<string, string[]>();
  for (const { at, sql } of sourceExpressions(part)) {
    // A lookup stands for one value of reference data: text, as far as types are concerned.
    const text = textOf(sql, () => `CAST(NULL AS VARCHAR)`);
    const keys = lookupsIn(sql).map((lookup) => ({ sql: lookup.key, rowLevel: true }));
    for (const one of [
      { sql, text, rowLevel: at === 'keyedBy' || at.startsWith('leave ') || at.startsWith('check ') },
      ...keys.map((key) => ({ ...key, text: textOf(key.sql, () => 'CAST(NULL AS VARCHAR)') })),
    ]) {
      const options = grouped && !one.rowLevel ? { grouped: { key: part.from.key } } : {};
      const found = await guard.inspect(one.text, visible, { where: { entity: part.name, field: at }, ...options });
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
  }
  const classOf = (field: string): Classification =>
    strictest((used.get(field) ?? []).map((column) => part.from.classify[column] ?? 'internal'));
  const classes = Object.fromEntries(Object.keys(part.fields).map((field) => [field, classOf(field)]));
  const fingerprint = await target.fingerprint([part.to.collection]);
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
      targetFingerprint: fingerprint[part.to.collection] ?? '',
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
  await collected(problems, { connection: settings.target }, async () => {
    const opened = await of.target();
    await opened.ping();
    target = opened;
  });
  if (!loaded) return { plan: null, problems };
  const { blueprint, bundle, lookups } = loaded;
  problems.push(...selfProblems(blueprint, lookups));
  const { order, problems: cycles } = orderOf(blueprint);
  problems.push(...cycles);
  const parts: Plan['parts'] = {};
  const from = source;
  const to = target;
  if (from) problems.push(...consistencyProblems(blueprint, from, settings.source));
  if (from && to) {
    const objects = blueprint.entities.flatMap(partsOf).map((part) => part.from.object);
    await collected(problems, { connection: settings.source }, async () => {
      problems.push(...((await from.checkPrivileges?.([...new Set(objects)])) ?? []));
    });
    await withDuckJob(of.budget, { purpose: 'inspect the mapping', scratch: of.scratch }, async (job) => {
      const guard = await openMappingGuard(job);
      for (const part of blueprint.entities.flatMap(partsOf)) {
        await collected(problems, { entity: part.name }, async () => {
          const done = await planPart(part, from, to, guard);
          parts[part.name] = done.planned;
          problems.push(...done.problems);
        });
      }
    });
  }
  if (problems.some((one) => one.severity === 'error')) return { plan: null, problems };
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
    target: { name: settings.target, kind: of.config.connections[settings.target]?.kind ?? '' },
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
