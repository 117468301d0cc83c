import { z } from 'zod';
import type { CountsByPart } from '../model/run.ts';
import { identifier, literal } from '../model/sql.ts';
import type { DuckJob } from '../staging/duckdb/job.ts';
import { withOwnSql } from '../staging/own-sql.ts';
import type { Staging } from '../staging/index.ts';
import { StagedFile } from '../staging/manifest.ts';
import { ownFile, partition } from '../staging/partitions.ts';
import { parquetKeys, readLocal, relationOf, verifiedFile, writeRows } from '../staging/rows.ts';
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

/** Rows of a crosswalk that are sorted at a time. */
const RowsASort = 250_000;
/** Of how many rows it is looked at where a crosswalk is cut for that. */
const Sampled = 20_000;

const Count = z.object({ n: z.coerce.number() });
const Bounds = z.object({ bounds: z.array(z.string()) });

/** SQL for the number of the range that a value is in: each bound is the first value of the next. */
function rangeOf(value: string, bounds: readonly string[], from = 0): string {
  const middle = Math.floor(bounds.length / 2);
  const bound = bounds[middle];
  if (bound === undefined) return String(from);
  const [below, above] = [bounds.slice(0, middle), bounds.slice(middle + 1)];
  return `CASE WHEN ${value} < ${literal(bound)} THEN ${rangeOf(value, below, from)}
    ELSE ${rangeOf(value, above, from + middle + 1)} END`;
}

/**
 * A query for the rows of a crosswalk, ordered by source key: exactly where there are few, else range by range, so that
 * memory does not grow with them. Who looks for the keys of a chunk still finds them in few row groups.
 */
export async function ordered(job: DuckJob, rows: string, beat: Beat): Promise<string> {
  const { n } = await job.one(`SELECT count(*) AS n FROM (${rows})`, Count);
  const ranges = Math.ceil(n / RowsASort);
  if (ranges <= 1) return `${rows} ORDER BY _source`;
  const shares = Array.from({ length: ranges - 1 }, (_, i) => (i + 1) / ranges);
  const { bounds } = await job.one(
    `SELECT quantile_disc(_source, [${shares.join(', ')}]) AS bounds
       FROM (SELECT _source FROM (${rows}) USING SAMPLE reservoir(${Sampled} ROWS) REPEATABLE (1))`,
    Bounds,
  );
  beat.beat();
  const by = rangeOf('_source', bounds);
  const parts = await partition(job, rows, { by, into: ranges, name: 'ranges', key: 'rows' });
  beat.beat();
  const sorted = parts.map((part, number) =>
    ownFile(job, `SELECT * FROM ${part} ORDER BY _source`, { name: `sorted-${number}`, key: 'rows' }),
  );
  for (const { write } of sorted) {
    await job.run(write);
    beat.beat();
  }
  return `SELECT * FROM ${readLocal(
    sorted.map((one) => one.path),
    'rows',
  )}`;
}

/**
 * Compacts an entity's receipts into its crosswalk: one file, ordered by source key, however many chunks there were.
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
      // Chunk by chunk: a join of millions needs more memory than a job has.
      const pieces = chunks
        .filter(({ rows, receipts }) => rows.length > 0 && receipts.length > 0)
        .map(({ rows, receipts }, number) =>
          ownFile(
            job,
            `SELECT s._source, s._key, r.target FROM (SELECT unnest(_sources) AS _source, _key FROM ${relationOf(rows)}) s
             JOIN ${relationOf(receipts)} r ON r._key = s._key AND r.part = ${literal(of.entity)} AND ${hasArrived('r')}`,
            { name: `chunk-${number}`, key: 'rows' },
          ),
        );
      await job.runEach(
        pieces.map((one) => one.write),
        () => beat.beat(),
      );
      const none = `SELECT CAST(NULL AS VARCHAR) AS _source, CAST(NULL AS VARCHAR) AS _key, CAST(NULL AS VARCHAR) AS target WHERE false`;
      const rows =
        pieces.length === 0
          ? none
          : `SELECT * FROM ${readLocal(
              pieces.map((one) => one.path),
              'rows',
            )}`;
      const file = await writeRows(
        staging,
        job,
        { entity: of.entity, step: 'crosswalk', chunk: 0 },
        await ordered(job, rows, beat),
        { role: 'crosswalk', key: 'rows' },
      );
      const { digest } = await putSealed(staging, (digest) => pathOf(staging.run, of.entity, digest), file);
      return { digest, counts };
    },
  );
}
