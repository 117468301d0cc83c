import { z } from 'zod';
import { compilePart, type CompiledPart } from '../mapping/compile.ts';
import { RejectList } from '../mapping/fit.ts';
import type { Entity, Lines, Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { ChunkResult, Counts, CountsByPart } from '../model/run.ts';
import { identifier, literal } from '../model/sql.ts';
import { rowKey } from '../mapping/keys.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { readManifest, writeManifest, type Manifest, type StagedFile } from '../staging/manifest.ts';
import { parquetKeys, relationOf, verifiedFile, writeRows, type Input } from '../staging/rows.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan, readLedger, readReference } from './documents.ts';
import { withMappingJob } from './mapping-job.ts';
import { entityOf, isRestrictedField, partsOf, restrictedKey, roleOf } from './parts.ts';

/** The staged files of a role from some chunks of a step, proven to be what was accepted. */
export async function inputsOf(staging: Staging, manifests: readonly Manifest[], role: string): Promise<Input[]> {
  const files = manifests.flatMap((manifest) => manifest.files.filter((file) => file.role === role));
  return Promise.all(
    files.map(async (file) => ({ local: await verifiedFile(staging, file), key: file.key, shape: file.shape })),
  );
}

/** Every accepted manifest of a step, in the order of its chunks. */
export async function manifestsOf(
  staging: Staging,
  entity: string,
  step: Manifest['step'],
  ledger: string,
): Promise<Manifest[]> {
  const entries = await readLedger(staging, { entity, step }, ledger);
  return Promise.all([...entries].map(([chunk, digest]) => readManifest(staging, { entity, step, chunk, digest })));
}

/** The accepted manifest of one chunk. */
export async function manifestOf(
  staging: Staging,
  of: { entity: string; step: Manifest['step']; chunk: number },
  ledger: string | undefined,
): Promise<Manifest> {
  const digest = ledger === undefined ? undefined : (await readLedger(staging, of, ledger)).get(of.chunk);
  if (digest === undefined) throw new Error(`${of.entity}: chunk ${of.chunk} has not been through ${of.step}`);
  return readManifest(staging, { ...of, digest });
}

/** What a chunk's rows are read from: the corrected file, where a person corrected any of them. */
export async function extractedManifest(
  staging: Staging,
  entity: string,
  chunk: number,
  ledgers: ChunkTask['ledgers'],
): Promise<{ manifest: Manifest; corrected: boolean }> {
  const { correct } = ledgers;
  const corrected =
    correct !== undefined && (await readLedger(staging, { entity, step: 'correct' }, correct)).has(chunk);
  const step = corrected ? 'correct' : 'extract';
  return { manifest: await manifestOf(staging, { entity, step, chunk }, ledgers[step]), corrected };
}

/** What an earlier passage made of a chunk that nobody has corrected since: it would come out the same. */
export async function keptFrom(staging: Staging, task: ChunkTask): Promise<ChunkResult | null> {
  const { entity, step, chunk, prior } = task;
  if (prior === null) return null;
  const { corrected } = await extractedManifest(staging, entity, chunk, task.ledgers);
  const digest = corrected ? undefined : (await readLedger(staging, { entity, step }, prior)).get(chunk);
  if (digest === undefined) return null;
  const { counts } = await readManifest(staging, { entity, step, chunk, digest });
  return { chunk, manifest: digest, counts };
}

const LookupRow = z.object({ match: z.string(), n: z.coerce.number() });

/** Fills the relations that lookups read, and refuses reference data in which a key occurs twice. */
export async function fillLookups(job: DuckJob, staging: Staging, plan: Plan, compiled: CompiledPart): Promise<void> {
  const made = new Set<string>();
  for (const { lookup, relation } of compiled.lookups) {
    if (made.has(relation)) continue;
    made.add(relation);
    const data: Record<string, string | null>[] =
      lookup.of === 'blueprint'
        ? (plan.lookups[lookup.table] ?? [])
        : (await readReference(staging, lookup.table)).rows;
    const columns = { match: 'VARCHAR', take: 'VARCHAR' };
    await job.createTable(relation, columns);
    const rows = data.map((row) => ({ match: row[lookup.match] ?? null, take: row[lookup.take] ?? null }));
    await job.insert(
      relation,
      columns,
      rows.filter((row) => row.match !== null),
    );
    const twice = await job.all(
      `SELECT "match", count(*) AS n FROM ${identifier(relation)} GROUP BY "match" HAVING count(*) > 1 LIMIT 1`,
      LookupRow,
    );
    if (twice.length === 0) continue;
    throw new LandfallError({
      code: 'lookup.duplicate-key',
      kind: 'permanent',
      what: `The reference data ${lookup.table} has more than one row for the same ${lookup.match}.`,
      where: { part: compiled.part.name, lookup: lookup.table },
      hint: 'Leave one row for each key, or look up by another column.',
    });
  }
}

const name = (part: Part, step: string): string => identifier(`${step}:${part.name}`);

/**
 * Runs a part's mapping up to `fitted`: every ready row to be, with the rules it breaks. What is read but once on the way
 * is a view: as a table it would be written and read for nothing, which costs as much as most mappings. Where an
 * expression fails on a row, each step is a table, so that it is worked out where it stands.
 */
async function fit(
  job: DuckJob,
  staging: Staging,
  plan: Plan,
  { compiled, entity, source, careful }: { compiled: CompiledPart; entity: Entity; source: string; careful: boolean },
): Promise<CompiledPart> {
  const { part } = compiled;
  await fillLookups(job, staging, plan, compiled);
  const readAgain = part.leave.length > 0 || entity.keyedBy !== undefined || entity.lines !== undefined;
  const make = (step: string, kept: boolean, query: string): Promise<void> =>
    job.run(`CREATE ${kept || careful ? 'TABLE' : 'VIEW'} ${name(part, step)} AS ${query}`);
  await make('flagged', readAgain, compiled.flagged(source));
  await make('raw', false, compiled.raw(name(part, 'flagged')));
  const types = await job.describe(`SELECT * FROM ${name(part, 'raw')}`);
  await job.run(`CREATE TABLE ${name(part, 'fitted')} AS ${compiled.fitted(name(part, 'raw'), types)}`);
  return compiled;
}

/** A document stands or falls as a whole: a line that breaks a rule holds back its header and its other lines. */
async function bindDocuments(job: DuckJob, header: Entity, lines: Lines): Promise<void> {
  const h = name(header, 'fitted');
  const l = name(lines, 'fitted');
  const entry = (rule: string): string => `{'rule': ${literal(rule)}, 'field': '', 'value': NULL}`;
  await job.run(`CREATE TABLE fallen AS
    SELECT _sources[1] AS source FROM ${h} WHERE len(_bad) > 0
    UNION SELECT _header_source FROM ${l} WHERE len(_bad) > 0`);
  await job.run(`UPDATE ${h} SET _bad = list_append(_bad, ${entry('document.line-held-back')})
    WHERE len(_bad) = 0 AND _sources[1] IN (SELECT source FROM fallen)`);
  await job.run(`UPDATE ${l} SET _bad = list_append(_bad, ${entry('document.held-back')})
    WHERE len(_bad) = 0 AND _header_source IN (SELECT source FROM fallen)`);
  await job.run(`UPDATE ${l} SET _bad = list_append(_bad, ${entry('document.no-header')})
    WHERE len(_bad) = 0 AND _header_source NOT IN (SELECT _key FROM ${name(header, 'flagged')})`);
  await job.run(`UPDATE ${name(lines, 'flagged')} SET _left = 'document.header-left-behind'
    WHERE _left IS NULL AND ${rowKey(lines.headerKey)} IN (SELECT _key FROM ${name(header, 'flagged')} WHERE _left IS NOT NULL)`);
  await job.run(`DELETE FROM ${l} WHERE _sources[1] IN
    (SELECT _key FROM ${name(lines, 'flagged')} WHERE _left = 'document.header-left-behind')`);
  await job.run(`ALTER TABLE ${l} ADD COLUMN _header VARCHAR`);
  await job.run(`UPDATE ${l} SET _header = h._key FROM ${h} h WHERE h._sources[1] = _header_source`);
}

const PartCounts = z.object({
  extracted: z.coerce.number(),
  contributing: z.coerce.number(),
  rejected: z.coerce.number(),
  left: z.coerce.number(),
  ready: z.coerce.number(),
});

/** @throws LandfallError `accounting.imbalance`: a defect, never a matter of retrying */
function balanced(part: string, chunk: number, counts: z.infer<typeof PartCounts>): Partial<Counts> {
  if (counts.extracted === counts.contributing + counts.rejected + counts.left) return counts;
  throw new LandfallError({
    code: 'accounting.imbalance',
    kind: 'permanent',
    what: `Of ${counts.extracted} rows, ${counts.contributing} contribute, ${counts.rejected} are rejected and ${counts.left} stay behind: the sum is off.`,
    where: { part, chunk },
    hint: 'This is a defect in Landfall: please report it with the plan.',
  });
}

async function writePart(
  job: DuckJob,
  staging: Staging,
  plan: Plan,
  entity: Entity,
  compiled: CompiledPart,
  chunk: number,
): Promise<{ files: StagedFile[]; counts: Partial<Counts> }> {
  const { part } = compiled;
  const of = { entity: entity.name, step: 'transform', chunk };
  const flagged = name(part, 'flagged');
  const fitted = name(part, 'fitted');
  const header = 'headerKey' in part ? ['_header'] : [];
  const columns = compiled.readyColumns.filter((column) => column !== '_header_source');
  const secret = columns.filter((column) => isRestrictedField(plan, part, column.split('$')[0] ?? column));
  const open = columns.filter((column) => !secret.includes(column));
  const list = (names: readonly string[]): string => names.map(identifier).join(', ');
  const good = `FROM ${fitted} WHERE len(_bad) = 0 ORDER BY _key`;

  const files = [
    await writeRows(staging, job, of, `SELECT ${list(['_key', '_sources', ...header, ...open])} ${good}`, {
      role: roleOf(entity, part, 'rows'),
      key: 'rows',
    }),
  ];
  if (secret.length > 0) {
    files.push(
      await writeRows(staging, job, of, `SELECT ${list(['_key', ...secret])} ${good}`, {
        role: roleOf(entity, part, 'restricted'),
        key: restrictedKey(entity),
      }),
    );
  }
  // In keyed entities a row may fall before it is merged (in `flagged`) or with its group (in `fitted`).
  const grouped = 'keyedBy' in part && part.keyedBy !== undefined;
  const early = grouped ? `UNION ALL SELECT [_key], _bad FROM ${flagged} WHERE _left IS NULL AND len(_bad) > 0` : '';
  await job.run(`CREATE OR REPLACE TABLE broken AS
    SELECT unnest(_sources) AS _source, _bad FROM (SELECT _sources, CAST(_bad AS ${RejectList}) AS _bad FROM ${fitted} WHERE len(_bad) > 0 ${early})`);
  files.push(
    await writeRows(
      staging,
      job,
      of,
      `SELECT _source, b.rule AS rule, b.field AS field, b."value" AS "value" FROM (SELECT _source, unnest(_bad) AS b FROM broken) ORDER BY ALL`,
      { role: roleOf(entity, part, 'rejects'), key: restrictedKey(entity) },
    ),
    await writeRows(
      staging,
      job,
      of,
      `SELECT _key AS _source, _left AS rule FROM ${flagged} WHERE _left IS NOT NULL ORDER BY ALL`,
      {
        role: roleOf(entity, part, 'left'),
        key: 'rows',
      },
    ),
  );
  const counts = await job.one(
    `SELECT (SELECT count(*) FROM ${flagged}) AS extracted,
            (SELECT coalesce(sum(len(_sources)), 0) FROM ${fitted} WHERE len(_bad) = 0) AS contributing,
            (SELECT count(DISTINCT _source) FROM broken) AS rejected,
            (SELECT count(*) FROM ${flagged} WHERE _left IS NOT NULL) AS "left",
            (SELECT count(*) FROM ${fitted} WHERE len(_bad) = 0) AS ready`,
    PartCounts,
  );
  return { files, counts: balanced(part.name, chunk, counts) };
}

/** Where a transform reads a part's rows: its own chunk, or its partition of every regrouped chunk. */
async function sourceManifests(staging: Staging, entity: Entity, task: ChunkTask): Promise<Manifest[]> {
  if (!entity.keyedBy) {
    return [(await extractedManifest(staging, entity.name, task.chunk, task.ledgers)).manifest];
  }
  return manifestsOf(staging, entity.name, 'regroup', task.ledgers.regroup ?? '');
}

/**
 * The rows of a partition, of files in which rows lie by partition. Earlier versions left restricted columns as they were
 * extracted, without their partition: these are read whole, and what is not the partition's joins nothing.
 */
async function ofPartition(job: DuckJob, inputs: readonly Input[], partition: number): Promise<string> {
  const relations: string[] = [];
  for (const files of Map.groupBy(inputs, ({ shape, local }) => shape ?? local).values()) {
    const all = relationOf(files);
    const divided = (await job.describe(`SELECT * FROM ${all}`)).has('_bucket');
    relations.push(
      divided ? `SELECT * EXCLUDE (_bucket) FROM ${all} WHERE _bucket = ${partition}` : `SELECT * FROM ${all}`,
    );
  }
  return `(${relations.join(' UNION ALL BY NAME ')})`;
}

/** Maps one chunk (or partition) and holds back what does not fit. */
export async function transformChunk(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const kept = entity.keyedBy ? null : await keptFrom(staging, task);
  if (kept) return kept;
  const manifests = await sourceManifests(staging, entity, task);
  const inputs = new Map<string, Input[]>();
  for (const part of partsOf(entity)) {
    for (const role of ['rows', 'restricted']) {
      const full = roleOf(entity, part, role);
      inputs.set(full, await inputsOf(staging, manifests, full));
    }
  }
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const reads = [...inputs.values()].flat().map((input) => input.local);

  return withMappingJob(
    staging.budget,
    { purpose: `transform ${entity.name}`, scratch: staging.scratch, keys, reads, signal: beat.signal },
    async (job, careful) => {
      const compiled: CompiledPart[] = [];
      for (const part of partsOf(entity)) {
        const rows = inputs.get(roleOf(entity, part, 'rows')) ?? [];
        const side = inputs.get(roleOf(entity, part, 'restricted')) ?? [];
        const own = (inputs: readonly Input[]): Promise<string> =>
          entity.keyedBy ? ofPartition(job, inputs, task.chunk) : Promise.resolve(relationOf(inputs));
        const main = await own(rows);
        const source = side.length === 0 ? main : `(SELECT * FROM ${main} m JOIN ${await own(side)} r USING (_key))`;
        compiled.push(await fit(job, staging, plan, { compiled: compilePart(part, careful), entity, source, careful }));
        beat.beat();
      }
      if (entity.lines) await bindDocuments(job, entity, entity.lines);
      const files: StagedFile[] = [];
      const counts: CountsByPart = {};
      for (const one of compiled) {
        const written = await writePart(job, staging, plan, entity, one, task.chunk);
        files.push(...written.files);
        counts[one.part.name] = written.counts;
        beat.beat();
      }
      const manifest = await writeManifest(staging, {
        version: 1,
        run: task.run,
        plan: task.plan,
        entity: entity.name,
        step: 'transform',
        chunk: task.chunk,
        files,
        counts,
        position: manifests[0]?.position ?? null,
      });
      return { chunk: task.chunk, manifest, counts };
    },
  );
}
