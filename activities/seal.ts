import { z } from 'zod';
import type { Entity } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { CountsByPart } from '../model/run.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import type { Manifest } from '../staging/manifest.ts';
import { parquetKeys, relationOf } from '../staging/rows.ts';
import type { EntityRef, Ledgers } from './contract.ts';
import { crosswalkFile } from './crosswalk.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { entityOf, partsOf, roleOf } from './parts.ts';
import { inputsOf, manifestsOf } from './transform.ts';

const Duplicates = z.object({ n: z.coerce.number() });

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
    const keys = await parquetKeys(staging, ['rows']);
    const twice = await withOwnSql(
      staging,
      {
        purpose: `seal ${part.name}`,

        keys,

        signal: beat.signal,
      },
      (job) =>
        job.one(
          `SELECT count(*) AS n FROM (SELECT _key FROM ${relationOf(inputs)} GROUP BY _key HAVING count(*) > 1)`,
          Duplicates,
        ),
    );
    if (twice.n === 0) continue;
    throw new LandfallError({
      code: 'ready.duplicate-legacy-key',
      kind: 'permanent',
      what: `${twice.n} legacy keys stand for more than one ready row.`,
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
  const keys = await parquetKeys(staging, ['rows']);
  const gone = await withOwnSql(
    staging,
    {
      purpose: `seal ${entity.name}`,

      keys,

      signal: beat.signal,
    },
    (job) =>
      job.one(
        `SELECT count(*) AS n FROM (SELECT DISTINCT _key FROM ${relationOf([loaded])}) WHERE _key NOT IN (SELECT _key FROM ${relationOf(inputs)})`,
        Duplicates,
      ),
  );
  if (gone.n === 0) return;
  throw new LandfallError({
    code: 'corrections.would-orphan',
    kind: 'permanent',
    what: `With the corrections, ${gone.n} rows that are in the target already would get another key, and stay there twice.`,
    where: { entity: entity.name },
    hint: 'Correct them in the source and start a new run. Nothing was changed.',
  });
}
