import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { identifier, literal } from '../model/sql.ts';
import type { DuckJob } from './duckdb/job.ts';
import { fileDigest } from './file-digest.ts';
import type { Staging } from './index.ts';
import { rowsPath, type StagedFile } from './manifest.ts';
import { digestOf } from './sealed.ts';

const ContentRow = z.object({ n: z.coerce.number(), content: z.string() });

/**
 * A digest of rows that does not depend on their order, their grouping in the file, or encryption: the sum over all rows
 * of two halves of the MD5 of each row's canonical JSON (NULL and empty text differ in it), with the number of rows,
 * hashed. It names what was compared and signed; it is no defence against somebody who can choose the rows, for which
 * the SHA-256 of the sealed file stands.
 */
export async function contentOf(job: DuckJob, relation: string): Promise<{ rows: number; content: string }> {
  const columns = [...(await job.describe(`SELECT * FROM ${relation}`)).keys()].sort();
  const row = `CAST(to_json([${columns.map((name) => `CAST(${identifier(name)} AS VARCHAR)`).join(', ')}]) AS VARCHAR)`;
  // Each row is hashed once: asked for as two halves, DuckDB would compute the MD5 twice, which is most of the work.
  const half = (bits: string): string => `coalesce(sum(CAST(${bits} AS HUGEINT)), 0)`;
  const found = await job.one(
    `SELECT count(*) AS n, sha256(count(*) || ':' || ${half('md5 & 18446744073709551615::UHUGEINT')} || ':' || ${half('md5 >> 64')}) AS content
       FROM (SELECT md5_number(${row}) AS md5 FROM ${relation})`,
    ContentRow,
  );
  return { rows: found.n, content: found.content };
}

/** The key by which a file's rows are encrypted, as DuckDB knows it within a job. */
export async function parquetKeys(staging: Staging, names: Iterable<string>): Promise<Record<string, string>> {
  const keys: Record<string, string> = {};
  for (const name of new Set(names)) keys[name] = (await staging.keyring.key(name)).toString('base64');
  return keys;
}

interface Written {
  role: string;
  /** The data key's name; the job must have been given it. */
  key: string;
}

/** Rows in order, of which a stretch is read at a time: only the row groups that hold any of it are read. */
interface WrittenInOrder extends Written {
  /** Rows of a row group; DuckDB's own number, which a chunk seldom reaches, where it is left out. */
  rowsAGroup?: number;
}

const Counted = z.object({ n: z.coerce.number() });

async function writeParquet(job: DuckJob, query: string, { role, key, rowsAGroup }: WrittenInOrder): Promise<string> {
  const local = job.output(`${role}.parquet`);
  const groups = rowsAGroup === undefined ? '' : `ROW_GROUP_SIZE ${rowsAGroup}, `;
  await job.run(
    `COPY (${query}) TO ${literal(local)} (FORMAT parquet, COMPRESSION zstd, ${groups}ENCRYPTION_CONFIG {footer_key: ${literal(key)}})`,
  );
  return local;
}

async function stage(
  staging: Staging,
  job: DuckJob,
  of: { entity: string; step: string; chunk: number },
  local: string,
  file: Written & { rows: number },
): Promise<StagedFile> {
  const digest = await fileDigest(local);
  const path = rowsPath({ run: staging.run, ...of }, file.role, digest);
  await staging.store.putFile(path, local);
  const { size } = await stat(local);
  const columns = await job.describe(`SELECT * FROM ${readLocal([local], file.key)}`);
  return { ...file, path, bytes: size, digest, shape: digestOf(JSON.stringify([...columns])).slice(0, 32) };
}

/** Writes what a query gives as encrypted Parquet into the store. Its rows are counted in what was written. */
export async function writeRows(
  staging: Staging,
  job: DuckJob,
  of: { entity: string; step: string; chunk: number },
  query: string,
  options: WrittenInOrder,
): Promise<StagedFile> {
  const local = await writeParquet(job, query, options);
  const { n } = await job.one(`SELECT count(*) AS n FROM ${readLocal([local], options.key)}`, Counted);
  const { role, key } = options;
  return stage(staging, job, of, local, { role, key, rows: n });
}

/** As `writeRows`, for rows that are named by what they say: `contentOf` costs more than writing them. */
export async function writeNamedRows(
  staging: Staging,
  job: DuckJob,
  of: { entity: string; step: string; chunk: number },
  query: string,
  options: Written,
): Promise<StagedFile & { content: string }> {
  const local = await writeParquet(job, query, options);
  const { rows, content } = await contentOf(job, readLocal([local], options.key));
  return { ...(await stage(staging, job, of, local, { ...options, rows })), content };
}

/** Relation over files of the same columns, all of them encrypted by one key. */
export function readLocal(paths: readonly string[], key: string): string {
  // Folders may have any name: one like `a=b` would become a column.
  return `read_parquet([${paths.map(literal).join(', ')}], hive_partitioning = false, encryption_config = {footer_key: ${literal(key)}})`;
}

const verified = new Map<string, string>();
const MostRemembered = 20_000;

/**
 * The local path of a staged file whose bytes are proven to be those of its manifest. Verified once a process, and again
 * when the file was touched: its time of change cannot be set back as that of modification can.
 *
 * @throws LandfallError `staging.altered`, `staging.gone`
 */
export async function verifiedFile(staging: Staging, file: StagedFile): Promise<string> {
  const local = await staging.store.localFile(file.path);
  const info = await stat(local);
  const mark = `${info.ino}:${info.size}:${info.ctimeMs}:${file.digest}`;
  if (verified.get(local) === mark) return local;
  if (info.size !== file.bytes || (await fileDigest(local)) !== file.digest) {
    throw new LandfallError({
      code: 'staging.altered',
      kind: 'permanent',
      what: 'A staged file is not what its step wrote: it was altered or cut short.',
      where: { path: file.path },
      hint: 'Restore it from a backup of the staging folder, or start the run anew.',
    });
  }
  if (verified.size >= MostRemembered) verified.clear();
  verified.set(local, mark);
  return local;
}

/** A staged file that a job reads. */
export interface Input {
  local: string;
  key: string;
  shape?: string | undefined;
}

/**
 * A relation over staged files of one kind, their columns matched by name; to be used in a job that was given their keys
 * and paths. Planning costs about 0.4 ms a file.
 */
export function relationOf(files: readonly Input[]): string {
  // Files of the same columns are read as one: side by side, each would take some MiB, and a sort over sixty of them more
  // than a job has. Others are read one by one: DuckDB 1.5 crashes when `union_by_name` meets an encrypted file, and
  // without it a list of files takes the first one's columns and types for all, which drops columns and rounds decimals in
  // silence.
  const alike = Map.groupBy(files, ({ key, shape, local }) => JSON.stringify([key, shape ?? local]));
  const reads = [...alike.values()].map(
    (group) =>
      `SELECT * FROM ${readLocal(
        group.map((one) => one.local),
        group[0]?.key ?? '',
      )}`,
  );
  return `(${reads.join(' UNION ALL BY NAME ')})`;
}
