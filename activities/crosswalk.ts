import type { CountsByPart } from '../model/run.ts';
import { identifier, literal } from '../model/sql.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import { StagedFile } from '../staging/manifest.ts';
import { parquetKeys, relationOf, verifiedFile, writeRows } from '../staging/rows.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import type { EntityRef, Ledgers, Sealed } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { hasArrived } from './receipts.ts';
import { inputsOf, manifestsOf } from './transform.ts';

function pathOf(run: string, entity: string, digest: string): string {
  return `runs/${run}/${entity}/crosswalk-${digest.slice(0, 32)}.json`;
}

/** The staged file that holds an entity's crosswalk. */
export async function crosswalkManifest(staging: Staging, entity: string, digest: string): Promise<StagedFile> {
  return getSealed(staging, pathOf(staging.run, entity, digest), StagedFile, digest);
}

/** The crosswalk of an entity: `_source` (its key in the source), `_key` (in Landfall's terms), `target` (in the target). */
export async function crosswalkFile(
  staging: Staging,
  entity: string,
  digest: string,
): Promise<{ local: string; key: string }> {
  const file = await crosswalkManifest(staging, entity, digest);
  return { local: await verifiedFile(staging, file), key: file.key };
}

/**
 * Joins to a row `q` the one that its reference points at, where that is one of an entity. All of it is one equality: beside
 * a condition that is about one side alone, DuckDB 1.5 compares every row with every other instead of hashing them.
 *
 * @param crosswalk the entity's
 */
export function crosswalkJoin(crosswalk: string, alias: string, at: { field: string; entity: string }): string {
  const kind = `q.${identifier(`${at.field}$entity`)}`;
  return `LEFT JOIN ${crosswalk} ${alias} ON ${alias}._source = CASE WHEN ${kind} = ${literal(at.entity)} THEN q.${identifier(at.field)} END`;
}

/**
 * Compacts an entity's receipts into its crosswalk: one file, sorted by source key, however many chunks there were.
 * Every source row that was merged into a ready row leads to that row's key.
 */
export async function sealLoad(deps: Dependencies, of: EntityRef & { ledgers: Ledgers }, beat: Beat): Promise<Sealed> {
  const staging = await deps.staging(of.run);
  const ready = await manifestsOf(staging, of.entity, 'transform', of.ledgers.transform ?? '');
  const loaded = await manifestsOf(staging, of.entity, 'load', of.ledgers.load ?? '');
  const receiptsOf = new Map(loaded.map((manifest) => [manifest.chunk, manifest]));
  const chunks = await Promise.all(
    ready.map(async (manifest) => {
      const receipts = receiptsOf.get(manifest.chunk);
      return {
        rows: await inputsOf(staging, [manifest], 'rows'),
        receipts: receipts ? await inputsOf(staging, [receipts], 'receipts') : [],
      };
    }),
  );
  const keys = await parquetKeys(staging, ['rows']);
  const counts: CountsByPart = {};
  return withOwnSql(
    staging,
    {
      purpose: `crosswalk ${of.entity}`,

      keys,

      signal: beat.signal,
    },
    async (job) => {
      await job.createTable('crosswalk', { _source: 'VARCHAR', _key: 'VARCHAR', target: 'VARCHAR' });
      for (const { rows, receipts } of chunks) {
        if (rows.length === 0 || receipts.length === 0) continue;
        // Chunk by chunk: a join of millions needs more memory than a job has, a sort of them does not.
        await job.run(`INSERT INTO crosswalk
          SELECT s._source, s._key, r.target FROM (SELECT unnest(_sources) AS _source, _key FROM ${relationOf(rows)}) s
          JOIN ${relationOf(receipts)} r ON r._key = s._key AND r.part = ${literal(of.entity)} AND ${hasArrived('r')}`);
        beat.beat();
      }
      const file = await writeRows(
        staging,
        job,
        { entity: of.entity, step: 'crosswalk', chunk: 0 },
        'SELECT * FROM crosswalk ORDER BY _source',
        { role: 'crosswalk', key: 'rows' },
      );
      const { digest } = await putSealed(staging, (digest) => pathOf(staging.run, of.entity, digest), file);
      return { digest, counts };
    },
  );
}
