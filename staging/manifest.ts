import { z } from 'zod';
import { Step } from '../model/run.ts';
import { getSealed, putSealed } from './sealed.ts';
import type { Staging } from './index.ts';

/** One file of rows that a step wrote. */
export const StagedFile = z.strictObject({
  /** What the file holds: `rows`, `restricted`, `rejects`, `left`, `receipts`, …; lines prefix their part's name. */
  role: z.string(),
  path: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  /** SHA-256 of the stored bytes. */
  digest: z.string(),
  /** Digest of the rows themselves, the same however they were encrypted, ordered or grouped: where they are named by it. */
  content: z.string().optional(),
  /** A digest of its columns, their names and types: files of the same are read as one. Earlier versions did not note it. */
  shape: z.string().optional(),
  /** Name of the data key. */
  key: z.string(),
});
export type StagedFile = z.infer<typeof StagedFile>;

/** What a step wrote for one chunk: the only thing about rows that enters workflow history, by its digest. */
export const Manifest = z.strictObject({
  version: z.literal(1),
  run: z.string(),
  plan: z.string(),
  entity: z.string(),
  step: Step,
  chunk: z.int().min(0),
  files: z.array(StagedFile),
  /** Figures by part. */
  counts: z.record(z.string(), z.record(z.string(), z.int())),
  /** The source's position, for what was read from it; the target's as-at time for what was read back. */
  position: z.string().nullable(),
});
export type Manifest = z.infer<typeof Manifest>;

function folderOf(of: { run: string; entity: string; step: string }): string {
  return `runs/${of.run}/${of.entity}/${of.step}`;
}

function number(chunk: number): string {
  return String(chunk).padStart(8, '0');
}

/** Where the manifest of a chunk lies: computed from its digest, so that history need not hold paths. */
export function manifestPath(of: { run: string; entity: string; step: string; chunk: number; digest: string }): string {
  return `${folderOf(of)}/${number(of.chunk)}-${of.digest.slice(0, 32)}.json`;
}

/** Where a file of rows lies: every attempt's differs, because encryption makes its bytes differ. */
export function rowsPath(
  of: { run: string; entity: string; step: string; chunk: number },
  role: string,
  digest: string,
): string {
  return `${folderOf(of)}/${number(of.chunk)}-${role}-${digest.slice(0, 32)}.parquet`;
}

/** @returns the manifest's digest, by which the workflow accepts it */
export async function writeManifest(staging: Staging, manifest: Manifest): Promise<string> {
  const { digest } = await putSealed(staging, (digest) => manifestPath({ ...manifest, digest }), manifest);
  return digest;
}

/** @throws LandfallError `staging.gone`, `staging.altered` */
export async function readManifest(
  staging: Staging,
  of: { entity: string; step: string; chunk: number; digest: string },
): Promise<Manifest> {
  return getSealed(staging, manifestPath({ run: staging.run, ...of }), Manifest, of.digest);
}

/** The file of a manifest with that role. */
export function fileOf(manifest: Manifest, role: string): StagedFile | undefined {
  return manifest.files.find((file) => file.role === role);
}
