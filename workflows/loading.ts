import type { EntityOutline } from '../model/plan.ts';
import type { Run } from './run.ts';

/** Maps one entity, and proves that no two of its rows claim the same key. */
export async function prepare(run: Run, { name, title, keyed }: EntityOutline): Promise<void> {
  // In a replay, chunks in which nothing was corrected stand as they are.
  const prior = run.record(name).ledgers;
  if (keyed) {
    const rows = run.extractedRows(name);
    const anew = Math.max(1, Math.ceil(rows / run.outline.options.chunkRows));
    const partitions = prior.regroup === undefined ? anew : run.record(name).partitions;
    await run.take(name, 'regroup', { partitions, prior: prior.regroup ?? null });
    run.learn(name, { partitions });
  }
  await run.take(name, 'transform', { prior: prior.transform ?? null });
  const { ledgers, crosswalk } = run.record(name);
  const of = { ...run.of, entity: name, ledgers, crosswalk };
  await run.steps.sealTransform.executeWithOptions({ summary: `${title}: no two rows with one key?` }, [of]);
}

/** Writes entities to the target in the order of their references, then sets the references that had to wait. */
export async function loadAll(run: Run, only: (one: EntityOutline) => boolean = () => true): Promise<void> {
  await run.each(
    async ({ name, title, loadAfter }) => {
      await run.take(name, 'load', { crosswalks: await run.knowledge.crosswalksOf(loadAfter) });
      const of = { ...run.of, entity: name, ledgers: run.record(name).ledgers };
      const sealed = await run.steps.sealLoad.executeWithOptions({ summary: `${title}: seals the receipts` }, [of]);
      run.learn(name, { crosswalk: sealed.digest });
    },
    { after: (one) => one.loadAfter, only },
  );
}

/** The later pass: references that point backwards or round in a circle. */
export async function referAll(run: Run, only: (one: EntityOutline) => boolean = () => true): Promise<void> {
  await run.each(
    async ({ name, pointsAt }) =>
      void (await run.take(name, 'references', { crosswalks: await run.knowledge.crosswalksOf(pointsAt) })),
    { only: (one) => one.later && only(one) },
  );
}

export async function attachAll(run: Run, only: (one: EntityOutline) => boolean = () => true): Promise<void> {
  await run.each(async ({ name }) => void (await run.take(name, 'attachments')), {
    only: (one) => one.attachments && only(one),
  });
}

export async function readBackAll(run: Run, only: (one: EntityOutline) => boolean = () => true): Promise<void> {
  await run.each(async ({ name, parts }) => void (await run.take(name, 'readback', { chunks: parts.length })), {
    only,
  });
}
