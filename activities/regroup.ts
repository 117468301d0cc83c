import { compilePart } from '../mapping/compile.ts';
import type { ChunkResult } from '../model/run.ts';
import { writeManifest, type StagedFile } from '../staging/manifest.ts';
import { parquetKeys, relationOf, writeRows, type Input } from '../staging/rows.ts';
import type { ChunkTask } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { withMappingJob } from './mapping-job.ts';
import { entityOf, restrictedKey } from './parts.ts';
import { extractedManifest, fillLookups, inputsOf, keptFrom } from './transform.ts';

/** Of a regrouped chunk each partition reads its own rows, a few hundred: with fewer in a group its files grow. */
const RowsAGroup = 4096;

/** Adds to each row of a chunk the partition that its group belongs to, so that merges meet in one place. */
export async function regroupChunk(deps: Dependencies, task: ChunkTask, beat: Beat): Promise<ChunkResult> {
  const staging = await deps.staging(task.run);
  const plan = await loadPlan(staging, task.plan);
  const entity = entityOf(plan, task.entity);
  const kept = await keptFrom(staging, task);
  if (kept) return kept;
  const { manifest } = await extractedManifest(staging, entity.name, task.chunk, task.ledgers);
  const rows = await inputsOf(staging, [manifest], 'rows');
  const side = await inputsOf(staging, [manifest], 'restricted');
  const keys = await parquetKeys(staging, ['rows', restrictedKey(entity)]);
  const reads = [...rows, ...side].map((input) => input.local);
  return withMappingJob(
    staging.budget,
    { purpose: `regroup ${entity.name}`, scratch: staging.scratch, keys, reads, signal: beat.signal },
    async (job, careful) => {
      const joined =
        side.length === 0
          ? relationOf(rows)
          : `(SELECT * FROM ${relationOf(rows)} m JOIN ${relationOf(side)} r USING (_key))`;
      const compiled = compilePart(entity, careful);
      await fillLookups(job, staging, plan, compiled);
      await job.run(`CREATE TABLE flagged AS ${compiled.flagged(joined)}`);
      const of = { entity: entity.name, step: 'regroup', chunk: task.chunk };
      const bucket = `CAST(md5_number_lower(coalesce(f._group, '')) % ${task.partitions} AS INTEGER)`;
      const regrouped = (inputs: readonly Input[], role: string, key: string): Promise<StagedFile> =>
        writeRows(
          staging,
          job,
          of,
          `SELECT m.*, ${bucket} AS _bucket FROM ${relationOf(inputs)} m JOIN flagged f ON f._key = m._key ORDER BY _bucket, m._key`,
          { role, key, rowsAGroup: RowsAGroup },
        );
      const files = [await regrouped(rows, 'rows', 'rows')];
      if (side.length > 0) files.push(await regrouped(side, 'restricted', restrictedKey(entity)));
      const digest = await writeManifest(staging, { ...manifest, step: 'regroup', files, counts: {} });
      return { chunk: task.chunk, manifest: digest, counts: {} };
    },
  );
}
