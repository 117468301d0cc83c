import { LandfallError } from '../model/errors.ts';
import { partsOf } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import type { Step } from '../model/run.ts';
import { collectGarbage, referencedPaths, type AcceptedManifest } from '../staging/collect.ts';
import { appendEvidence, readEvidence } from '../staging/evidence.ts';
import { fileOf } from '../staging/manifest.ts';
import type { RunRef } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { crosswalkManifest } from './crosswalk.ts';
import {
  crosswalksIn,
  FrozenEpoch,
  loadPlan,
  putFound,
  putLease,
  readChunkPlan,
  readFound,
  readLease,
  readLedger,
  readRecords,
} from './documents.ts';
import { readRequest } from './extract.ts';
import { entityOf, roleOf } from './parts.ts';
import { manifestsOf } from './transform.ts';

/** Makes the source refuse writes, and proves it by trying one. */
export async function freezeSource(deps: Dependencies, of: RunRef): Promise<void> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const source = await deps.source(plan.source.name);
  const objects = frozenObjects(plan);
  if (!source.freeze || !source.isFrozen) {
    throw new LandfallError({
      code: 'source.cannot-freeze',
      // The plan was made where it could be: this worker began with another configuration.
      kind: 'misconfigured',
      what: 'This worker’s configuration does not say how the source is made to refuse writes, and the plan counts on it.',
      where: { connection: plan.source.name },
      hint: 'Configure `freeze` for the connection, and restart the worker: it reads its configuration when it starts.',
    });
  }
  // The first finding stands: a later try, or a later freeze of the same run, finds what this run did.
  const ours = (await readLease(staging, FrozenEpoch)) !== null;
  await putFound(staging, { frozen: !ours && (await source.isFrozen(objects)) });
  await source.freeze(objects);
  if (!(await source.isFrozen(objects))) {
    throw notFrozen(plan.source.name, 'The source was told to refuse writes, but a write went through.');
  }
  // What is read from now on, while nothing can change, is as of this position.
  const position = (await source.position?.()) ?? '';
  await putLease(staging, FrozenEpoch, { token: '', position });
}

function notFrozen(connection: string, what: string): LandfallError {
  return new LandfallError({
    code: 'source.not-frozen',
    kind: 'permanent',
    what,
    where: { connection },
    hint: 'Ask the database’s administrator who let writes in again, and start a new run; nothing was switched.',
  });
}

function frozenObjects(plan: Plan): string[] {
  return plan.blueprint.entities.flatMap(partsOf).map((part) => part.from.object);
}

/**
 * Proves, after a source was read without a snapshot, that it refused writes to the end.
 *
 * @throws LandfallError `source.not-frozen`
 */
export async function proveFrozen(deps: Dependencies, of: RunRef): Promise<void> {
  const plan = await loadPlan(await deps.staging(of.run), of.plan);
  const source = await deps.source(plan.source.name);
  if (await source.isFrozen?.(frozenObjects(plan))) return;
  throw notFrozen(plan.source.name, 'The source takes writes again, although it was frozen to be read.');
}

/**
 * Lets the source take writes again: what undoes a freeze that no switch followed. A source that refused them before
 * this run came is left as it was found: another run may have switched, and what people write there would be lost.
 */
export async function thawSource(deps: Dependencies, of: RunRef): Promise<void> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  if ((await readFound(staging))?.frozen === true) return;
  const source = await deps.source(plan.source.name);
  await source.unfreeze?.(frozenObjects(plan));
}

/**
 * Proves, chunk by chunk, that the frozen source still holds what was extracted: what was signed is what is there.
 *
 * @throws LandfallError `cut-over.source-changed` when work went on in the source after it was read
 */
export async function proveUnchanged(deps: Dependencies, of: RunRef & { entities: string }, beat: Beat): Promise<void> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const source = await deps.source(plan.source.name);
  if (!source.openLease || !source.stillStands) return;
  const records = await readRecords(staging, of.entities);
  const lease = await source.openLease();
  try {
    for (const name of plan.order) {
      const entity = entityOf(plan, name);
      const chunks = (await readChunkPlan(staging, name, records[name]?.chunkPlan ?? '')).chunks;
      const manifests = await manifestsOf(staging, name, 'extract', records[name]?.ledgers.extract ?? '');
      for (const manifest of manifests) {
        const bounds = chunks[manifest.chunk];
        for (const part of partsOf(entity)) {
          const rows = fileOf(manifest, roleOf(entity, part, 'rows'))?.rows ?? -1;
          const since = { position: manifest.position ?? '', rows };
          beat.beat(manifest.chunk);
          if (bounds && (await source.stillStands(readRequest(plan, part), bounds, since, lease))) continue;
          throw new LandfallError({
            code: 'cut-over.source-changed',
            kind: 'permanent',
            what: 'The source has changed since it was read: the signature does not cover what is there now.',
            where: { entity: part.name, chunk: manifest.chunk },
            hint: 'The source takes writes again. Start a new live run while nobody works in it, or one that reads it `frozen`.',
          });
        }
      }
    }
  } finally {
    await lease.release();
  }
}

/** The switch: the target is marked live, and the evidence says by which report and whose signature. */
export async function goLive(deps: Dependencies, of: RunRef & { report: string; record: number }): Promise<void> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const target = await deps.target(plan.target.name);
  const call = { gate: deps.gate(plan.target.name, plan.options) };
  await target.markLive?.({ run: of.run, report: of.report }, call);
  // A run switches once: what is there was appended by a try of this step that nobody heard of.
  if ((await readEvidence(staging)).some((one) => one.kind === 'switched')) return;
  await appendEvidence(staging, {
    kind: 'switched',
    at: deps.now().toISOString(),
    by: 'landfall',
    body: { report: of.report, signature: of.record, marked: target.markLive !== undefined },
  });
}

/** Removes what no accepted manifest names. */
export async function collect(
  deps: Dependencies,
  of: RunRef & { entities: string },
  beat: Beat,
): Promise<{ files: number; bytes: number }> {
  const staging = await deps.staging(of.run);
  const { options } = await loadPlan(staging, of.plan);
  const records = await readRecords(staging, of.entities);
  const accepted: AcceptedManifest[] = [];
  for (const [entity, { ledgers }] of Object.entries(records)) {
    for (const [step, ledger] of Object.entries(ledgers) as [Step, string][]) {
      for (const [chunk, digest] of await readLedger(staging, { entity, step }, ledger)) {
        accepted.push({ entity, step, chunk, digest });
      }
    }
  }
  beat.beat();
  const referenced = await referencedPaths(staging, accepted);
  for (const [entity, digest] of Object.entries(crosswalksIn(records))) {
    referenced.add((await crosswalkManifest(staging, entity, digest)).path);
  }
  const done = await collectGarbage(staging, { referenced, graceMs: options.collectGraceMs, signal: beat.signal });
  return { files: done.deleted, bytes: done.deletedBytes };
}
