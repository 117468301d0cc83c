import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Step } from '../model/run.ts';
import type { Staging } from './index.ts';
import { manifestPath, readManifest } from './manifest.ts';
import type { Store } from './store.ts';

/** What garbage collection did: objects and their bytes. */
export interface Collected {
  deleted: number;
  deletedBytes: number;
  kept: number;
}

/**
 * The paths of accepted manifests and of the files that they name. Everything else that steps wrote is what attempts
 * left behind that were retried, cancelled or lost.
 *
 * @param accepted the manifests that the run's ledgers list
 */
export async function referencedPaths(
  staging: Staging,
  accepted: Iterable<AcceptedManifest> | AsyncIterable<AcceptedManifest>,
): Promise<Set<string>> {
  const paths = new Set<string>();
  for await (const one of accepted) {
    paths.add(manifestPath({ run: staging.run, ...one }));
    for (const file of (await readManifest(staging, one)).files) paths.add(file.path);
  }
  return paths;
}

export interface AcceptedManifest {
  entity: string;
  step: string;
  chunk: number;
  digest: string;
}

/**
 * Deletes what the steps of a run wrote and nobody refers to. Only objects that have the form of a step's (a manifest, a
 * file of rows, what attempts at loading left for each other, an attachment) are ever candidates: keys, evidence, the plan
 * and everything unknown stay.
 *
 * For a run whose steps are done. The grace period covers attempts that outlive their cancellation; it does not make
 * collecting safe beside steps at work, because an attempt may come upon an older one's object and rely on it.
 *
 * @param options.referenced paths to keep, as `referencedPaths` gives them
 * @param options.attachments paths of attachments to keep; without it, attachments are left alone
 * @param options.graceMs keep what is younger, in milliseconds
 */
export async function collectGarbage(
  staging: Staging,
  options: {
    referenced: ReadonlySet<string>;
    attachments?: ReadonlySet<string>;
    graceMs: number;
    now?: number;
    signal?: AbortSignal;
  },
): Promise<Collected> {
  const before = (options.now ?? Date.now()) - options.graceMs;
  const collected: Collected = { deleted: 0, deletedBytes: 0, kept: 0 };
  for await (const { path, bytes, modifiedAt } of staging.store.list(`runs/${staging.run}/`)) {
    options.signal?.throwIfAborted();
    const kept = keepersOf(path, staging.run, options);
    if (kept === undefined || kept.has(path) || modifiedAt.getTime() > before) {
      collected.kept += 1;
      continue;
    }
    await staging.store.delete(path);
    collected.deleted += 1;
    collected.deletedBytes += bytes;
  }
  return collected;
}

const stepObject = new RegExp(`^[^/]+/(?:${Step.options.join('|')})/\\d{8}-[^/]+\\.(?:json|parquet)$`);
/** What attempts at loading a chunk told each other: its leases, intents and answers, all of them in its receipts now. */
const working = /^[^/]+\/(?:load|references|attachments)\/\d{8}-[0-9a-f]{16}\/[\w.-]+$/;
const nobodys: ReadonlySet<string> = new Set();
const attachment = /^blobs\/[0-9a-f]{2}\/[0-9a-f]{64}$/;

/** Who decides about an object; nobody does where it must stay. */
function keepersOf(
  path: string,
  run: string,
  options: { referenced: ReadonlySet<string>; attachments?: ReadonlySet<string> },
): ReadonlySet<string> | undefined {
  const within = path.slice(`runs/${run}/`.length);
  if (within.startsWith('keys/') || within.startsWith('evidence/')) return undefined;
  if (attachment.test(within)) return options.attachments;
  if (working.test(within)) return nobodys;
  return stepObject.test(within) ? options.referenced : undefined;
}

/**
 * Removes what killed workers left in a scratch folder: jobs' private folders and attachments under way whose process is
 * no more. Call it when a worker starts; a folder must not be shared between machines.
 *
 * @param graceMs keep what is younger, in milliseconds
 * @returns how many were removed
 */
export async function clearScratch(scratch: string, graceMs: number): Promise<number> {
  let removed = 0;
  for (const name of await readdir(scratch)) {
    const pid = /^(?:job|blob)-(\d+)-[0-9a-f]{12}$/.exec(name)?.[1];
    const path = join(scratch, name);
    const info = pid === undefined ? null : await stat(path).catch(() => null);
    if (pid === undefined || info === null || Date.now() - info.mtimeMs < graceMs || isAlive(Number(pid))) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The runs that a store holds something of. */
export async function runsIn(store: Store): Promise<string[]> {
  const runs = new Set<string>();
  for await (const { path } of store.list('runs/')) runs.add(path.split('/')[1] ?? '');
  return [...runs].sort();
}
