import { partsOf, referencesOf, type Entity } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import { lookupsIn } from '../model/sql.ts';
import { sourceExpressions } from '../mapping/compile.ts';
import { claimMigration } from './alone.ts';
import type { PagedEntity, PlanPage, RunRef } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan, putReference, readReference } from './documents.ts';
import { plannedPart } from './parts.ts';
import { requirePlanned } from './same-source.ts';
import { QuestionsAtATime, sideBySide } from './side-by-side.ts';
import { loadAfter } from './blueprint-problems.ts';

/** Characters of entities in one page of an outline: well below what one payload may hold, with room for the rest. */
const PageCharacters = 100_000;

function paged(entity: Entity, numberOf: ReadonlyMap<string, number>): PagedEntity {
  const references = partsOf(entity).flatMap(referencesOf);
  const numbers = (names: readonly string[]): number[] => [
    ...new Set(names.flatMap((name) => numberOf.get(name) ?? [])),
  ];
  return {
    name: entity.name,
    title: entity.title,
    parts: partsOf(entity).map((part) => part.name),
    loadAfter: numbers(loadAfter(entity)),
    pointsAt: numbers(references.map((one) => one.entity)),
    keyed: entity.keyedBy !== undefined,
    later: Object.values(entity.fields).some((mapping) => mapping.kind === 'crosswalk' && mapping.later),
    attachments: entity.attachments !== undefined,
    rejectLimit: entity.rejectLimit,
    consistency: entity.consistency,
  };
}

/** What the workflows need of a plan; its entities page by page, because thousands do not fit one payload. */
export async function openPlan(deps: Dependencies, of: RunRef & { from: number }): Promise<PlanPage> {
  const plan = await loadPlan(await deps.staging(of.run), of.plan);
  const byName = new Map(plan.blueprint.entities.map((entity) => [entity.name, entity]));
  const numberOf = new Map(plan.order.map((name, number) => [name, number]));
  const entities: PagedEntity[] = [];
  let at = of.from;
  for (let room = PageCharacters; at < plan.order.length && room > 0; at += 1) {
    const entity = byName.get(plan.order[at] ?? '');
    if (!entity) continue;
    const one = paged(entity, numberOf);
    room -= JSON.stringify(one).length;
    entities.push(one);
  }
  const outline = {
    migration: plan.migration,
    mode: plan.mode,
    title: plan.blueprint.title,
    source: plan.source.name,
    target: plan.target.name,
    owners: plan.owners,
    engineers: plan.engineers,
    canFreeze: plan.source.freezes,
    needsLease: plan.source.snapshots && [...byName.values()].some((entity) => entity.consistency === 'snapshot'),
    options: plan.options,
  };
  return { outline, entities, next: at < plan.order.length ? at : null };
}

function changed(what: string, where: Record<string, string>): LandfallError {
  return new LandfallError({
    code: 'plan.outdated',
    kind: 'permanent',
    what,
    where,
    hint: 'Run `landfall check`, adapt the blueprint if need be, and start a new run.',
  });
}

const asking = ({ signal }: Beat): { atATime: number; signal: AbortSignal } => ({ atATime: QuestionsAtATime, signal });

/** Proves that the source still is what the plan was made for. */
export async function assessSource(deps: Dependencies, of: RunRef, beat: Beat): Promise<void> {
  const plan = await loadPlan(await deps.staging(of.run), of.plan);
  const source = await deps.source(plan.source.name);
  await source.ping();
  await sideBySide(plan.blueprint.entities.flatMap(partsOf), asking(beat), async (part) => {
    await requirePlanned(source, plan, part);
    beat.beat();
  });
}

/**
 * Proves that the target still is what the plan was made for, and that no other run works on it.
 *
 * @param isOpen whether a run is under way
 */
export async function assessTarget(
  deps: Dependencies,
  of: RunRef,
  beat: Beat,
  isOpen: (run: string) => Promise<boolean>,
): Promise<void> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  await claimMigration(staging.store, plan, of.run, isOpen);
  const target = await deps.target(plan.target.name);
  await target.ping();
  const gate = deps.gate(plan.target.name, plan.options);
  await sideBySide(plan.blueprint.entities.flatMap(partsOf), asking(beat), async (part, signal) => {
    const { collection } = part.to;
    const now = (await target.fingerprint([collection], { gate, signal }))[collection];
    if (now !== plannedPart(plan, part.name).targetFingerprint) {
      throw changed(`The target’s ${collection} has changed since the plan was made.`, { entity: part.name });
    }
    beat.beat();
  });
}

/** Reads the target's reference data that mappings look up. */
export async function stageLookups(deps: Dependencies, of: RunRef, beat: Beat): Promise<void> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const target = await deps.target(plan.target.name);
  const call = { gate: deps.gate(plan.target.name, plan.options), signal: beat.signal };
  const wanted = new Map<string, Set<string>>();
  for (const part of plan.blueprint.entities.flatMap(partsOf)) {
    for (const { sql } of sourceExpressions(part)) {
      for (const lookup of lookupsIn(sql)) {
        if (lookup.of !== 'target') continue;
        const columns = wanted.get(lookup.table) ?? new Set<string>();
        wanted.set(lookup.table, columns.add(lookup.match).add(lookup.take));
      }
    }
  }
  for (const [collection, columns] of wanted) {
    const rows: Record<string, string | null>[] = [];
    for await (const page of target.readReference(collection, [...columns], call)) {
      rows.push(...page);
      beat.beat(rows.length);
    }
    await putReference(staging, collection, { asAt: deps.now().toISOString(), rows });
    await readReference(staging, collection);
  }
}
