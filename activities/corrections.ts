import { z } from 'zod';
import type { Entity, Part } from '../model/blueprint.ts';
import { LandfallError, type Problem } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import { identifier, literal } from '../model/sql.ts';
import { withDuckJob, type DuckJob } from '../staging/duckdb/job.ts';
import type { Staging } from '../staging/index.ts';
import { writeManifest, type Manifest, type StagedFile } from '../staging/manifest.ts';
import { parquetKeys, relationOf, writeRows } from '../staging/rows.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import type { Ledgers, RunRef } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan, readRecords, writeLedger, type EntityRecords } from './documents.ts';
import { readHeld } from './held.ts';
import { entityOf, isRestrictedColumn, partsOf, restrictedKey, roleOf, stagedColumns } from './parts.ts';
import { inputsOf, manifestsOf } from './transform.ts';

/** One value of one extracted row, as a person says that it should have been. */
export const Correction = z.strictObject({
  part: z.string(),
  /** The row's key in the source, as the rejects name it. */
  key: z.string(),
  /** The source's column. */
  column: z.string(),
  /** As text, in the form of the column's staged type; null for no value. */
  value: z.string().nullable(),
});
export type Correction = z.infer<typeof Correction>;

/** What a person corrects at once, and why: staged, because both may hold personal data. */
export const Corrections = z.strictObject({ reason: z.string(), entries: z.array(Correction).min(1) });
export type Corrections = z.infer<typeof Corrections>;

function pathOf(run: string, digest: string): string {
  return `runs/${run}/corrections/${digest.slice(0, 32)}.json`;
}

/** @returns the digest that the decision to replay names */
export async function putCorrections(staging: Staging, corrections: Corrections): Promise<string> {
  return (await putSealed(staging, (digest) => pathOf(staging.run, digest), corrections)).digest;
}

export async function readCorrections(staging: Staging, digest: string): Promise<Corrections> {
  return getSealed(staging, pathOf(staging.run, digest), Corrections, digest);
}

const fixColumns = { n: 'BIGINT', _key: 'VARCHAR', col: 'VARCHAR', value: 'VARCHAR' } as const;
const Numbered = z.object({ n: z.coerce.number() });

function problem(entry: Correction, code: string, what: string, hint: string): Problem {
  const where = { entity: entry.part, key: entry.key, column: entry.column };
  return { code, what, where, hint, severity: 'error' };
}

/**
 * Everything about corrections that cannot be: rows that are not held back, columns that are not there or are keys,
 * values that their column cannot hold.
 *
 * @param records what the run knows of its entities
 */
export async function checkCorrections(
  staging: Staging,
  plan: Plan,
  records: EntityRecords,
  { entries }: Corrections,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const held = await readHeld(staging, plan, records, { reveal: false });
  const known = new Set(held.map((one) => JSON.stringify([one.entity, one.key])));
  const heldBack = (part: string, key: string): boolean => known.has(JSON.stringify([part, key]));
  const parts = new Map(plan.blueprint.entities.flatMap(partsOf).map((part) => [part.name, part]));
  const typed: (Correction & { type: string })[] = [];
  const seen = new Set<string>();
  for (const entry of entries) {
    const part = parts.get(entry.part);
    const column = part && stagedColumns(plan, part).find((one) => one.name === entry.column);
    const id = JSON.stringify([entry.part, entry.key, entry.column]);
    if (!part || !heldBack(entry.part, entry.key)) {
      const hint = 'Only rows that are held back can be corrected: export them anew with `landfall rejects`.';
      problems.push(problem(entry, 'corrections.row', 'No such row is held back.', hint));
    } else if (!column) {
      const known = stagedColumns(plan, part).map((one) => one.name);
      const hint = `Its columns are ${known.join(', ')}.`;
      problems.push(problem(entry, 'corrections.column', 'The row has no such column.', hint));
    } else if (part.from.key.includes(entry.column)) {
      const hint = 'Correct it in the source and start a new run.';
      problems.push(problem(entry, 'corrections.key', 'A key cannot be corrected: it says which row it is.', hint));
    } else if (seen.has(id)) {
      problems.push(problem(entry, 'corrections.twice', 'The value is corrected twice.', 'Leave one of the two.'));
    } else typed.push({ ...entry, type: column.stagedType });
    seen.add(id);
  }
  await withDuckJob(staging.budget, { purpose: 'check corrections', scratch: staging.scratch }, async (job) => {
    await job.createTable('fixes', fixColumns);
    const rows = typed.map((one, n) => ({ n, _key: one.key, col: one.type, value: one.value }));
    await job.insert('fixes', fixColumns, rows);
    for (const type of new Set(typed.map((one) => one.type))) {
      const bad = await job.all(
        `SELECT n FROM fixes WHERE col = ${literal(type)} AND value IS NOT NULL AND TRY_CAST(value AS ${type}) IS NULL`,
        Numbered,
      );
      for (const { n } of bad) {
        const entry = typed[n];
        if (!entry) continue;
        const hint = `It is staged as ${type}: write the value in that form.`;
        problems.push(problem(entry, 'corrections.value', 'The column cannot hold the value.', hint));
      }
    }
  });
  return problems;
}

/** The accepted manifests of what was extracted, with those of corrected chunks in their places. */
export async function correctedManifests(staging: Staging, entity: string, ledgers: Ledgers): Promise<Manifest[]> {
  const extracted = await manifestsOf(staging, entity, 'extract', ledgers.extract ?? '');
  if (ledgers.correct === undefined) return extracted;
  const corrected = await manifestsOf(staging, entity, 'correct', ledgers.correct);
  const by = new Map(corrected.map((one) => [one.chunk, one]));
  return extracted.map((one) => by.get(one.chunk) ?? one);
}

/** Chunks looked through with one query. */
const ChunksAtOnce = 200;

async function chunksHolding(
  job: DuckJob,
  staging: Staging,
  manifests: readonly Manifest[],
  role: string,
  beat: Beat,
): Promise<Set<number>> {
  const found = new Set<number>();
  for (let from = 0; from < manifests.length; from += ChunksAtOnce) {
    const selects: string[] = [];
    for (const manifest of manifests.slice(from, from + ChunksAtOnce)) {
      const inputs = await inputsOf(staging, [manifest], role);
      if (inputs.length === 0) continue;
      selects.push(
        `SELECT DISTINCT ${manifest.chunk} AS n FROM ${relationOf(inputs)} WHERE _key IN (SELECT _key FROM fixes)`,
      );
    }
    if (selects.length === 0) continue;
    for (const { n } of await job.all(selects.join(' UNION ALL '), Numbered)) found.add(n);
    beat.beat(from);
  }
  return found;
}

/** The rows of a file with the corrections in place of what was extracted. */
function correctedRows(relation: string, columns: readonly { name: string; stagedType: string }[]): string {
  const joins = columns.map(
    ({ name }, i) =>
      `LEFT JOIN (SELECT _key, value FROM fixes WHERE col = ${literal(name)}) f${i} ON f${i}._key = m._key`,
  );
  const values = columns.map(
    ({ name, stagedType }, i) =>
      `CASE WHEN f${i}._key IS NULL THEN m.${identifier(name)} ELSE CAST(f${i}.value AS ${stagedType}) END AS ${identifier(name)}`,
  );
  return `SELECT m.* REPLACE (${values.join(', ')}) FROM ${relation} m ${joins.join(' ')}`;
}

async function correctPart(
  staging: Staging,
  plan: Plan,
  entity: Entity,
  part: Part,
  entries: readonly Correction[],
  manifests: Map<number, Manifest>,
  beat: Beat,
): Promise<Set<number>> {
  const files = new Set<string>();
  for (const manifest of manifests.values()) {
    for (const role of ['rows', 'restricted'].map((one) => roleOf(entity, part, one))) {
      for (const { local } of await inputsOf(staging, [manifest], role)) files.add(local);
    }
  }
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const corrected = new Set(entries.map((one) => one.column));
  const columns = stagedColumns(plan, part).filter((column) => corrected.has(column.name));
  return withDuckJob(
    staging.budget,
    { purpose: `correct ${part.name}`, scratch: staging.scratch, keys, reads: [...files], signal: beat.signal },
    async (job) => {
      await job.createTable('fixes', fixColumns);
      const rows = entries.map((one, n) => ({ n, _key: one.key, col: one.column, value: one.value }));
      await job.insert('fixes', fixColumns, rows);
      const role = roleOf(entity, part, 'rows');
      const touched = await chunksHolding(job, staging, [...manifests.values()], role, beat);
      for (const chunk of touched) {
        const manifest = manifests.get(chunk);
        if (!manifest) continue;
        const replaced: StagedFile[] = [];
        for (const file of manifest.files) {
          const secret = file.role === roleOf(entity, part, 'restricted');
          const here = columns.filter((column) => isRestrictedColumn(part, column.name) === secret);
          if ((!secret && file.role !== role) || here.length === 0) {
            replaced.push(file);
            continue;
          }
          const relation = relationOf(await inputsOf(staging, [{ ...manifest, files: [file] }], file.role));
          const of = { entity: entity.name, step: 'correct', chunk };
          const { role: name, key } = file;
          replaced.push(await writeRows(staging, job, of, correctedRows(relation, here), { role: name, key }));
        }
        manifests.set(chunk, { ...manifest, step: 'correct', files: replaced });
        beat.beat(chunk);
      }
      return touched;
    },
  );
}

/** The command tells every problem; whoever stages corrections otherwise is held to the same rules here. */
async function requireCorrections(
  staging: Staging,
  plan: Plan,
  records: EntityRecords,
  corrections: Corrections,
): Promise<void> {
  const [first, ...others] = await checkCorrections(staging, plan, records, corrections);
  if (!first) return;
  const more = others.length === 0 ? '' : ` ${others.length} more of the corrections are wrong.`;
  // Not the problem's own place: it names the row's key.
  const where = { entity: String(first.where['entity']), column: String(first.where['column']) };
  throw new LandfallError({
    code: first.code,
    kind: 'permanent',
    what: `${first.what}${more}`,
    where,
    hint: first.hint,
  });
}

/**
 * Puts a person's corrections over extracted rows, in files of their own: what was extracted stays as it was.
 *
 * @returns for each entity touched the digest of the ledger that lists its corrected chunks, earlier ones included
 * @throws LandfallError `corrections.*` when they cannot be; nothing was written then
 */
export async function applyCorrections(
  deps: Dependencies,
  of: RunRef & { entities: string; corrections: string },
  beat: Beat,
): Promise<{ ledgers: Record<string, string> }> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const records = await readRecords(staging, of.entities);
  const corrections = await readCorrections(staging, of.corrections);
  await requireCorrections(staging, plan, records, corrections);
  const { entries } = corrections;
  const ledgers: Record<string, string> = {};
  for (const name of plan.order) {
    const entity = entityOf(plan, name);
    const known = records[name]?.ledgers ?? {};
    const concerned = partsOf(entity).filter((part) => entries.some((one) => one.part === part.name));
    if (concerned.length === 0) continue;
    const manifests = new Map((await correctedManifests(staging, name, known)).map((one) => [one.chunk, one]));
    const touched = new Set<number>();
    for (const part of concerned) {
      const own = entries.filter((one) => one.part === part.name);
      for (const chunk of await correctPart(staging, plan, entity, part, own, manifests, beat)) touched.add(chunk);
    }
    const written: { chunk: number; manifest: string }[] = [];
    for (const chunk of touched) {
      const manifest = manifests.get(chunk);
      if (manifest) written.push({ chunk, manifest: await writeManifest(staging, manifest) });
    }
    const previous = known.correct ?? null;
    ledgers[name] = await writeLedger(staging, { entity: name, step: 'correct', previous, entries: written });
  }
  return { ledgers };
}
