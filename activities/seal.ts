import { z } from 'zod';
import type { Entity } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { CountsByPart } from '../model/run.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import type { Manifest } from '../staging/manifest.ts';
import { byHash, partition } from '../staging/partitions.ts';
import { parquetKeys, relationOf } from '../staging/rows.ts';
import type { EntityRef, Ledgers } from './contract.ts';
import { crosswalkFile } from './crosswalk.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { entityOf, partsOf, roleOf } from './parts.ts';
import { inputsOf, manifestsOf } from './transform.ts';

const Count = z.object({ n: z.coerce.number() });

/** Legacy keys that are looked at together, about: those of larger parts are divided by their hash. */
const KeysAtOnce = 1_000_000;

async function inKeyJob(
  staging: Staging,
  entity: Entity,
  beat: Beat,
  work: (job: DuckJob) => Promise<number>,
): Promise<number> {
  const keys = await parquetKeys(staging, ['rows']);
  return withOwnSql(staging, { purpose: `seal ${entity.name}`, keys, signal: beat.signal }, work);
}

/** Divides keys of several relations alike. */
async function divided(job: DuckJob, relations: readonly string[], beat: Beat): Promise<string[][]> {
  let most = 0;
  for (const relation of relations) {
    most = Math.max(most, (await job.one(`SELECT count(*) AS n FROM ${relation}`, Count)).n);
  }
  const into = Math.ceil(most / KeysAtOnce);
  const all: string[][] = [];
  for (const [number, relation] of relations.entries()) {
    const by = byHash('_key', into);
    all.push(await partition(job, `SELECT _key FROM ${relation}`, { by, into, name: `keys-${number}`, key: 'rows' }));
    beat.beat();
  }
  return all;
}

async function summed(job: DuckJob, queries: readonly string[], beat: Beat): Promise<number> {
  let sum = 0;
  for (const query of queries) {
    sum += (await job.one(query, Count)).n;
    beat.beat();
  }
  return sum;
}

/** How many legacy keys stand for more than one row. */
export async function keysTwice(job: DuckJob, rows: string, beat: Beat): Promise<number> {
  const [parts = []] = await divided(job, [rows], beat);
  const queries = parts.map(
    (part) => `SELECT count(*) AS n FROM (SELECT _key FROM ${part} GROUP BY _key HAVING count(*) > 1)`,
  );
  return summed(job, queries, beat);
}

/** How many legacy keys of what was loaded are no longer among the rows. */
export async function keysGone(job: DuckJob, loaded: string, rows: string, beat: Beat): Promise<number> {
  const [before = [], now = []] = await divided(job, [loaded, rows], beat);
  const queries = before.map(
    (part, i) =>
      `SELECT count(*) AS n FROM (SELECT DISTINCT _key FROM ${part}) ANTI JOIN ${String(now[i])} USING (_key)`,
  );
  return summed(job, queries, beat);
}

/**
 * No two ready rows of a part may share a legacy key: an upsert would silently merge them. And what was loaded before
 * must still be among them: a correction that gives a row another key would leave the old one behind in the target.
 */
export async function sealTransform(
  deps: Dependencies,
  of: EntityRef & { ledgers: Ledgers; crosswalk: string | null },
  beat: Beat,
): Promise<{ digest: string; counts: CountsByPart }> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const entity = entityOf(plan, of.entity);
  const manifests = await manifestsOf(staging, entity.name, 'transform', of.ledgers.transform ?? '');
  for (const part of partsOf(entity)) {
    const inputs = await inputsOf(staging, manifests, roleOf(entity, part, 'rows'));
    const twice = await inKeyJob(staging, entity, beat, (job) => keysTwice(job, relationOf(inputs), beat));
    if (twice === 0) continue;
    throw new LandfallError({
      code: 'ready.duplicate-legacy-key',
      kind: 'permanent',
      what: `${twice} legacy keys stand for more than one ready row.`,
      where: { part: part.name },
      hint: 'Make `legacyKey` of the entity tell its rows apart, or merge them with `keyedBy`.',
    });
  }
  if (of.crosswalk !== null) await requireLoadedRows(staging, entity, manifests, of.crosswalk, beat);
  return { digest: of.ledgers.transform ?? '', counts: {} };
}

async function requireLoadedRows(
  staging: Staging,
  entity: Entity,
  manifests: readonly Manifest[],
  crosswalk: string,
  beat: Beat,
): Promise<void> {
  const loaded = await crosswalkFile(staging, entity.name, crosswalk);
  const inputs = await inputsOf(staging, manifests, 'rows');
  const gone = await inKeyJob(staging, entity, beat, (job) =>
    keysGone(job, relationOf([loaded]), relationOf(inputs), beat),
  );
  if (gone === 0) return;
  throw new LandfallError({
    code: 'corrections.would-orphan',
    kind: 'permanent',
    what: `With the corrections, ${gone} rows that are in the target already would get another key, and stay there twice.`,
    where: { entity: entity.name },
    hint: 'Correct them in the source and start a new run. Nothing was changed.',
  });
}
