import type { Target, TargetCall } from '../connectors/port.ts';
import type { Part } from '../model/blueprint.ts';
import { LandfallError } from '../model/errors.ts';
import { targetOf } from './parts.ts';

/** Whom to ask, and through which gate. */
interface Asked {
  target: Target;
  call: TargetCall;
}

/** In what the target is not any more what a part's rows were made for; null: in nothing. */
async function outdated({ target, call }: Asked, parts: readonly Part[]): Promise<LandfallError | null> {
  for (const part of parts) {
    const problem = (await target.checkShape(targetOf(part), call)).find((one) => one.severity === 'error');
    if (!problem) continue;
    return new LandfallError({
      code: 'plan.outdated',
      kind: 'permanent',
      what: `The target was changed after the plan was made. ${problem.what}`,
      where: { entity: part.name, ...problem.where },
      hint: 'Undo the change in the target, or adapt the blueprint; then start a new run, which changes what is there already.',
    });
  }
  return null;
}

/**
 * Does something at the target; where it fails for good because the target was changed meanwhile, says so and names the
 * collection and the property.
 *
 * @throws LandfallError `plan.outdated`
 */
export async function explained<T>(at: Asked, parts: readonly Part[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LandfallError) || error.kind !== 'permanent') throw error;
    throw (await outdated(at, parts).catch(() => null)) ?? error;
  }
}

/**
 * A target that refuses every row may have been changed: then going on would only hold back the rest. One that refuses
 * some is about those rows, which can be replayed.
 *
 * @throws LandfallError `plan.outdated`
 */
export async function requireSomeTaken(
  at: Asked,
  parts: readonly Part[],
  outcomes: readonly { outcome: string }[],
): Promise<void> {
  if (outcomes.length === 0 || outcomes.some((one) => one.outcome !== 'refused')) return;
  const found = await outdated(at, parts);
  if (found) throw found;
}
