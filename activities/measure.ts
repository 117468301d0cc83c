import { z } from 'zod';
import type { FigureAnswer } from '../connectors/port.ts';
import type { Part } from '../model/blueprint.ts';
import { partsOf } from '../model/blueprint.ts';
import type { Plan } from '../model/plan.ts';
import { groupKey } from '../reconcile/figures.ts';
import { getSealed, putSealed } from '../staging/sealed.ts';
import type { Staging } from '../staging/index.ts';
import type { RunRef } from './contract.ts';
import type { Beat, Dependencies } from './dependencies.ts';
import { loadPlan } from './documents.ts';
import { explainReadFailure, leaseOf } from './lease.ts';

const SourceFigures = z.strictObject({
  position: z.string(),
  figures: z.record(z.string(), z.array(z.tuple([z.string(), z.string()]))),
});
export type SourceFigures = z.infer<typeof SourceFigures>;

function pathOf(run: string, digest: string): string {
  return `runs/${run}/source-figures-${digest.slice(0, 32)}.json`;
}

/** The part that a control's side names. */
export function partNamed(plan: Plan, name: string): Part | undefined {
  return plan.blueprint.entities.flatMap(partsOf).find((part) => part.name === name);
}

/** Asks the source itself for the controls' figures, in the same snapshot that was extracted. */
export async function measureSource(
  deps: Dependencies,
  of: RunRef & { lease: number | null },
  beat: Beat,
): Promise<{ digest: string }> {
  const staging = await deps.staging(of.run);
  const plan = await loadPlan(staging, of.plan);
  const source = await deps.source(plan.source.name);
  const lease = await leaseOf(deps, of.run, of.lease);
  const figures: SourceFigures['figures'] = {};
  for (const control of plan.blueprint.controls) {
    const part = control.source && partNamed(plan, control.source.of);
    if (!control.source || !part || !source.figures) continue;
    const where = [part.from.where, control.source.where].filter((one) => one !== undefined).map((one) => `(${one})`);
    const request = {
      object: part.from.object,
      by: control.source.by,
      measure: control.source.measure,
      ...(where.length > 0 ? { where: where.join(' AND ') } : {}),
    };
    let answer: FigureAnswer;
    try {
      answer = await source.figures(request, lease);
      if (lease) await source.proveShown?.(part.from.object, lease);
    } catch (error) {
      throw await explainReadFailure(source, lease, of.lease, error);
    }
    if (answer.kind === 'rows') figures[control.name] = answer.rows.map((row) => [groupKey(row.group), row.value]);
    beat.beat();
  }
  const { digest } = await putSealed(staging, (digest) => pathOf(of.run, digest), {
    position: lease?.position ?? '',
    figures,
  });
  return { digest };
}

export async function sourceFigures(staging: Staging, digest: string): Promise<SourceFigures> {
  return getSealed(staging, pathOf(staging.run, digest), SourceFigures, digest);
}
