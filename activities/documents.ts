import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { Plan } from '../model/plan.ts';
import { Step, type CountsByStep } from '../model/run.ts';
import type { Staging } from '../staging/index.ts';
import type { EntityRecord, RunRef } from './contract.ts';
import type { Dependencies } from './dependencies.ts';
import { digestOf, getSealed, putSealed } from '../staging/sealed.ts';

/** Documents that never change once written are read once a process: the least recently used ones are forgotten. */
class Recent<T> {
  readonly #kept = new Map<string, Promise<T>>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.#kept.get(key) ?? read();
    this.#kept.delete(key);
    this.#kept.set(key, known);
    known.catch(() => this.#kept.delete(key));
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest);
    return known;
  }
}

const plans = new Recent<Plan>(16);
const ledgers = new Recent<ReadonlyMap<number, string>>(64);
const chunkPlans = new Recent<ChunkPlanDocument>(16);
const records = new Recent<EntityRecords>(4);

function planPath(run: string, digest: string): string {
  return `runs/${run}/plan-${digest.slice(0, 32)}.json`;
}

/** Stages a plan. @returns its digest, by which every step names it */
export async function putPlan(staging: Staging, plan: Plan): Promise<string> {
  const { digest } = await putSealed(staging, (digest) => planPath(staging.run, digest), plan);
  return digest;
}

/**
 * Without its plan a run can do nothing, not even give the source back: so it waits until the plan is there again.
 *
 * @throws LandfallError `plan.unknown` when this staging does not hold the plan that the run was started with;
 *   `plan.altered` when it holds another in its place
 */
export async function loadPlan(staging: Staging, digest: string): Promise<Plan> {
  const path = planPath(staging.run, digest);
  return plans.get(`${staging.run}:${digest}`, async () => {
    try {
      return await getSealed(staging, path, Plan, digest);
    } catch (error) {
      if (!(error instanceof LandfallError)) throw error;
      if (error.code === 'staging.gone') {
        throw new LandfallError({
          code: 'plan.unknown',
          kind: 'misconfigured',
          what: 'The plan that this run was started with is not in this worker’s staging.',
          where: { run: staging.run, staging: staging.store.name, path },
          hint: 'Point the worker’s configuration (staging.folder) at the staging that the run was started with, or restore the file from a backup; the run then goes on.',
          cause: error,
        });
      }
      if (error.code !== 'staging.altered') throw error;
      throw new LandfallError({
        code: 'plan.altered',
        kind: 'misconfigured',
        what: 'The staged plan is not the one that this run was started with: it was altered or cut short.',
        where: { run: staging.run, staging: staging.store.name, path },
        hint: 'Restore the file from a backup of the staging folder; the run then goes on.',
        cause: error,
      });
    }
  });
}

/** The plan of a run whose digest nobody remembers. @throws LandfallError `plan.unknown` */
export async function findPlan(staging: Staging): Promise<{ digest: string; plan: Plan }> {
  for await (const { path } of staging.store.list(`runs/${staging.run}/plan-`)) {
    // As it was written: a digest of what zod made of it would be another where a version has more defaults.
    const digest = digestOf(JSON.stringify(await getSealed(staging, path, z.json())));
    return { digest, plan: await loadPlan(staging, digest) };
  }
  throw new LandfallError({
    code: 'plan.unknown',
    kind: 'permanent',
    what: 'Staging holds no such run.',
    where: { run: staging.run, staging: staging.store.name },
    hint: 'Check the run’s name, and that the configuration’s staging.folder is the one that it was started with.',
  });
}

const LedgerDocument = z.strictObject({ entries: z.array(z.tuple([z.int(), z.string()])) });

function ledgerPath(run: string, entity: string, step: Step, digest: string): string {
  return `runs/${run}/${entity}/${step}/ledger-${digest.slice(0, 32)}.json`;
}

/** A step's ledger: chunk number to the digest of the manifest that was accepted. */
export async function readLedger(
  staging: Staging,
  of: { entity: string; step: Step },
  digest: string,
): Promise<ReadonlyMap<number, string>> {
  return ledgers.get(`${staging.run}:${digest}`, async () => {
    const found = await getSealed(staging, ledgerPath(staging.run, of.entity, of.step, digest), LedgerDocument, digest);
    return new Map(found.entries);
  });
}

/** @returns the digest of the ledger with the entries added */
export async function writeLedger(
  staging: Staging,
  of: { entity: string; step: Step; previous: string | null; entries: readonly { chunk: number; manifest: string }[] },
): Promise<string> {
  const entries = new Map(of.previous === null ? [] : await readLedger(staging, of, of.previous));
  for (const { chunk, manifest } of of.entries) entries.set(chunk, manifest);
  const document = { entries: [...entries].sort(([a], [b]) => a - b) };
  const { digest } = await putSealed(
    staging,
    (digest) => ledgerPath(staging.run, of.entity, of.step, digest),
    document,
  );
  return digest;
}

const CountsSchema = z.record(z.string(), z.record(z.string(), z.int()));
const EntityRecordSchema = z.strictObject({
  ledgers: z.partialRecord(Step, z.string()),
  counts: z.partialRecord(Step, CountsSchema) as z.ZodType<CountsByStep>,
  chunks: z.int(),
  partitions: z.int(),
  chunkPlan: z.string().nullable(),
  crosswalk: z.string().nullable(),
});
const EntityRecords = z.record(z.string(), EntityRecordSchema);
export type EntityRecords = Readonly<Record<string, EntityRecord>>;

function recordsPath(run: string, digest: string): string {
  return `runs/${run}/entities-${digest.slice(0, 32)}.json`;
}

/** What a run knows of its entities. */
export async function readRecords(staging: Staging, digest: string): Promise<EntityRecords> {
  return records.get(`${staging.run}:${digest}`, () =>
    getSealed(staging, recordsPath(staging.run, digest), EntityRecords, digest),
  );
}

/** What is known of some entities; nothing where nothing is. */
export async function recallEntities(
  deps: Dependencies,
  of: RunRef & { entities: string; names: string[] },
): Promise<{ entities: Record<string, EntityRecord> }> {
  const known = await readRecords(await deps.staging(of.run), of.entities);
  return {
    entities: Object.fromEntries(
      of.names.flatMap((name) => {
        const record = known[name];
        return record ? [[name, record]] : [];
      }),
    ),
  };
}

/** Digests of the crosswalks that are sealed. */
export function crosswalksIn(records: EntityRecords): Record<string, string> {
  return Object.fromEntries(
    Object.entries(records).flatMap(([name, { crosswalk }]) => (crosswalk === null ? [] : [[name, crosswalk]])),
  );
}

/** @returns the digest of what was known before with the given entities' records in place of their earlier ones */
export async function writeRecords(
  staging: Staging,
  of: { previous: string | null; entities: EntityRecords },
): Promise<string> {
  const before = of.previous === null ? {} : await readRecords(staging, of.previous);
  const { digest } = await putSealed(staging, (digest) => recordsPath(staging.run, digest), {
    ...before,
    ...of.entities,
  });
  return digest;
}

const Bounds = z.strictObject({
  number: z.int(),
  from: z.array(z.string()).nullable(),
  to: z.array(z.string()).nullable(),
});
const ChunkPlanDocument = z.strictObject({ chunks: z.array(Bounds) });
export type ChunkPlanDocument = z.infer<typeof ChunkPlanDocument>;

function chunkPlanPath(run: string, entity: string, digest: string): string {
  return `runs/${run}/${entity}/chunks-${digest.slice(0, 32)}.json`;
}

/** Bounds are key values: they stay in staging, and history holds their digest. */
export async function putChunkPlan(staging: Staging, entity: string, document: ChunkPlanDocument): Promise<string> {
  const { digest } = await putSealed(staging, (digest) => chunkPlanPath(staging.run, entity, digest), document);
  return digest;
}

export async function readChunkPlan(staging: Staging, entity: string, digest: string): Promise<ChunkPlanDocument> {
  return chunkPlans.get(`${staging.run}:${digest}`, () =>
    getSealed(staging, chunkPlanPath(staging.run, entity, digest), ChunkPlanDocument, digest),
  );
}

const LeaseDocument = z.strictObject({ token: z.string(), position: z.string() });

function leasePath(run: string, epoch: number): string {
  return `runs/${run}/lease/${epoch}.json`;
}

/** Stands for the state of a frozen source: no snapshot is held, and none is needed. Leases count from 1. */
export const FrozenEpoch = 0;

export async function putLease(
  staging: Staging,
  epoch: number,
  lease: { token: string; position: string },
): Promise<boolean> {
  const { outcome } = await putSealed(staging, leasePath(staging.run, epoch), lease);
  return outcome === 'created';
}

const FoundDocument = z.strictObject({ frozen: z.boolean() });

function foundPath(run: string): string {
  return `runs/${run}/lease/source-as-found.json`;
}

/** Notes whether the source refused writes already when this run was about to freeze it; what was noted first stays. */
export async function putFound(staging: Staging, found: z.infer<typeof FoundDocument>): Promise<void> {
  await putSealed(staging, foundPath(staging.run), found);
}

/** What was noted, or null where this run did not come to freeze the source. */
export async function readFound(staging: Staging): Promise<z.infer<typeof FoundDocument> | null> {
  return getSealed(staging, foundPath(staging.run), FoundDocument).catch(nullIfGone);
}

/** The lease of an epoch, or null while its holder has not put it there. */
export async function readLease(staging: Staging, epoch: number): Promise<z.infer<typeof LeaseDocument> | null> {
  return getSealed(staging, leasePath(staging.run, epoch), LeaseDocument).catch(nullIfGone);
}

function nullIfGone(error: unknown): null {
  if (error instanceof LandfallError && error.code === 'staging.gone') return null;
  throw error;
}

const ReferenceDocument = z.strictObject({
  asAt: z.string(),
  rows: z.array(z.record(z.string(), z.string().nullable())),
});
export type ReferenceDocument = z.infer<typeof ReferenceDocument>;

function referencePath(run: string, collection: string): string {
  return `runs/${run}/lookups/${digestOf(collection).slice(0, 32)}.json`;
}

/** The target's reference data, as it was when the run began: the first snapshot stands for the whole run. */
export async function putReference(staging: Staging, collection: string, document: ReferenceDocument): Promise<void> {
  await putSealed(staging, referencePath(staging.run, collection), document);
}

export async function readReference(staging: Staging, collection: string): Promise<ReferenceDocument> {
  return getSealed(staging, referencePath(staging.run, collection), ReferenceDocument);
}
