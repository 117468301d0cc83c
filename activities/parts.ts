import { partsOf, type Entity, type Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import type { Plan, PlannedColumn, PlannedPart } from '../model/plan.ts';
import type { TargetCollection } from '../connectors/port.ts';

/** @throws LandfallError `plan.entity` */
export function entityOf(plan: Plan, name: string): Entity {
  const found = plan.blueprint.entities.find((entity) => entity.name === name);
  if (found) return found;
  throw new LandfallError({
    code: 'plan.entity',
    kind: 'permanent',
    what: 'The plan has no such entity.',
    where: { entity: name },
    hint: 'This is a defect in Landfall: please report it.',
  });
}

export function plannedPart(plan: Plan, part: string): PlannedPart {
  const found = plan.parts[part];
  if (!found) throw new Error(`the plan says nothing of ${part}`);
  return found;
}

/** The role of a file within a manifest: the entity's own files go by their plain role, lines carry their name. */
export function roleOf(entity: Entity, part: Part, role: string): string {
  return part.name === entity.name ? role : `${part.name}.${role}`;
}

/** The name of the data key for restricted columns of an entity. */
export function restrictedKey(entity: Entity): string {
  return `restricted-${entity.name}`;
}

/** The columns of a part that go into its chunks: bytes that are attachments do not. */
export function stagedColumns(plan: Plan, part: Part): PlannedColumn[] {
  return plannedPart(plan, part.name).columns.filter((column) => column.large !== true);
}

export function isRestrictedColumn(part: Part, column: string): boolean {
  return part.from.classify[column] === 'restricted' && !part.from.key.includes(column);
}

export function isRestrictedField(plan: Plan, part: Part, field: string): boolean {
  return plannedPart(plan, part.name).classes[field] === 'restricted';
}

/** The collection of a part as connectors know it. */
export function targetOf(part: Part): TargetCollection {
  const { collection, id, legacyKey, write, shape } = part.to;
  return { collection, id, legacyKey, write, shape };
}

export { partsOf };
