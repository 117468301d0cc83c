import type { ColumnDescription, LeaseRef, Source } from '../connectors/port.ts';
import { partsOf, type Entity, type Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import { plannedPart } from './parts.ts';

interface Change {
  column: string;
  how: string;
}

/** How columns that are read differ from those that the plan was made for. */
function changesIn(plan: Plan, part: Part, now: readonly ColumnDescription[]): Change[] {
  const byName = new Map(now.map((column) => [column.name, column]));
  return plannedPart(plan, part.name).columns.flatMap(({ name, nativeType }) => {
    const found = byName.get(name);
    if (!found) return [{ column: name, how: `column ${name} is gone` }];
    if (found.nativeType === nativeType) return [];
    return [{ column: name, how: `column ${name} was ${nativeType} and is ${found.nativeType}` }];
  });
}

/** Columns that the plan does not know; unknown itself where the blueprint names the columns that it reads. */
function newIn(plan: Plan, part: Part, now: readonly ColumnDescription[]): Change[] {
  if (part.from.columns !== undefined) return [];
  const known = new Set(plannedPart(plan, part.name).columns.map((column) => column.name));
  return now.flatMap(({ name }) => (known.has(name) ? [] : [{ column: name, how: `column ${name} is new` }]));
}

function outdated(part: Part, changes: readonly Change[]): LandfallError {
  const [first] = changes;
  const how = first
    ? changes.map((one) => one.how).join(', ')
    : 'its keys, or which of its columns may be empty, changed';
  return new LandfallError({
    code: 'plan.outdated',
    kind: 'permanent',
    what: `${part.from.object} is not what the plan was made for: ${how}.`,
    where: { entity: part.name, object: part.from.object, ...(first ? { column: first.column } : {}) },
    hint: 'Undo the change in the source, or run `landfall check` and adapt the blueprint; then start a new run.',
  });
}

/**
 * Proves that a part's table has the structure that the plan was made for, in everything.
 *
 * @throws LandfallError `plan.outdated` naming the table and the column
 */
export async function requirePlanned(source: Source, plan: Plan, part: Part): Promise<void> {
  const [described] = await source.describe([part.from.object]);
  if (described?.fingerprint === plannedPart(plan, part.name).sourceFingerprint) return;
  const now = described?.columns ?? [];
  throw outdated(part, [...changesIn(plan, part, now), ...newIn(plan, part, now)]);
}

/**
 * Proves, once something was read of an entity, that it was what the plan means: that columns which are read are there
 * with their types, and that the snapshot showed the tables as they were. What somebody adds meanwhile is not read.
 *
 * @throws LandfallError `plan.outdated`, `source.rewritten`
 */
export async function proveRead(
  source: Source,
  plan: Plan,
  entity: Entity,
  lease: LeaseRef | undefined,
): Promise<void> {
  for (const part of partsOf(entity)) {
    const [described] = await source.describe([part.from.object]);
    const changes = changesIn(plan, part, described?.columns ?? []);
    if (changes.length > 0) throw outdated(part, changes);
    if (lease) await source.proveShown?.(part.from.object, lease);
  }
}

/** Why reading failed for good, where it is that the tables were altered meanwhile. */
export async function explainByStructure(source: Source, plan: Plan, entity: Entity, error: unknown): Promise<unknown> {
  if (!(error instanceof LandfallError) || error.kind !== 'permanent') return error;
  return proveRead(source, plan, entity, undefined).then(
    () => error,
    (found: unknown) => (found instanceof LandfallError && found.kind === 'permanent' ? found : error),
  );
}
