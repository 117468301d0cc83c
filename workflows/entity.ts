import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, ChunkTask, LedgerEntry, Ledgers } from '../activities/contract.ts';
import type { RunOptions } from '../model/options.ts';
import { addParts, type ChunkResult, type ChunkStep, type CountsByPart, type StepResult } from '../model/run.ts';
import { Bitmap } from './bitmap.ts';
import { entityDetails } from './details.ts';
import { isLostLease } from './failures.ts';
import { entityProgress, progress, setPaused } from './messages.ts';
import { boundedFanOut } from './schedule.ts';
import { stepsFor, writeLedger } from './steps.ts';
import type { Sides } from './summaries.ts';

export interface EntityInput {
  run: string;
  plan: string;
  entity: string;
  title: string;
  step: ChunkStep;
  chunks: number;
  lease: number | null;
  chunkPlan: string | null;
  prior: string | null;
  partitions: number;
  ledgers: Ledgers;
  crosswalks: Record<string, string>;
  sides: Sides;
  options: RunOptions;
  paused: boolean;
  /** What an earlier execution of this same step had done when it continued as new. */
  carried: { ledger: string; done: string; counts: CountsByPart } | null;
}

export interface EntityOutcome extends StepResult {
  /** False when the source's snapshot was lost: the ledger lists the chunks that were accepted until then. */
  complete: boolean;
}

/** How often all entities in work together tell their run how far they are, until each is through its step. */
const TellingsAtOnce = 2_000;

const activityOf = {
  extract: 'extractChunk',
  regroup: 'regroupChunk',
  transform: 'transformChunk',
  load: 'loadChunk',
  references: 'setReferences',
  attachments: 'moveAttachments',
  readback: 'readBackPages',
} as const satisfies Record<ChunkStep, keyof Activities>;

/**
 * Takes one entity through one step, chunk by chunk, within a bound. History holds for each chunk its number, its
 * figures and the digest of the manifest that was accepted; the list of them is staged.
 */
export async function entity(input: EntityInput): Promise<EntityOutcome> {
  const steps = stepsFor(input.sides, input.options);
  const done = new Bitmap(input.chunks, input.carried?.done);
  let counts: CountsByPart = input.carried?.counts ?? {};
  // Should the snapshot be lost, chunks that this passage did not come to may still stand as an earlier one read them.
  let ledger: string | null = input.carried?.ledger ?? (input.step === 'extract' ? input.prior : null);
  let paused = input.paused;
  let entries: LedgerEntry[] = [];
  let doneCount = 0;
  let lost = false;
  let toldAt = Date.now();
  let told = 0;
  // Each telling costs some events in the run's history, however long a step takes and however many entities are at it.
  const tellings = Math.max(4, Math.min(100, Math.floor(TellingsAtOnce / input.options.entityFanOut)));
  const share = (): number => Math.floor((doneCount * tellings) / input.chunks);

  for (let chunk = 0; chunk < input.chunks; chunk += 1) if (done.has(chunk)) doneCount += 1;
  told = share();

  const now = () => ({
    entity: input.entity,
    step: input.step,
    chunksDue: input.chunks,
    chunksDone: doneCount,
    counts,
  });
  setHandler(setPaused, (value) => void (paused = value), { description: 'From its run: starts no further chunk.' });
  setHandler(entityProgress, now, { description: 'How far the step is.' });
  setCurrentDetails(entityDetails(input.title, now(), paused));

  const parent = workflowInfo().parent;
  const tell = async (): Promise<void> => {
    setCurrentDetails(entityDetails(input.title, now(), paused));
    if (!parent || share() === told || Date.now() - toldAt < input.options.progressMs) return;
    toldAt = Date.now();
    told = share();
    await getExternalWorkflowHandle(parent.workflowId).signal(progress, now());
  };

  const task = (chunk: number): ChunkTask => ({
    run: input.run,
    plan: input.plan,
    entity: input.entity,
    step: input.step,
    chunk,
    ledgers: input.ledgers,
    lease: input.lease,
    chunkPlan: input.chunkPlan,
    prior: input.prior,
    partitions: input.partitions,
    crosswalks: input.crosswalks,
  });

  function* due(): Generator<number> {
    for (let chunk = 0; chunk < input.chunks; chunk += 1) if (!done.has(chunk)) yield chunk;
  }

  await boundedFanOut(
    due(),
    input.options.chunkFanOut,
    async (chunk) => {
      await condition(() => !paused);
      let result: ChunkResult;
      try {
        const summary = `${input.title}: ${chunk + 1} of ${input.chunks}`;
        result = await steps[activityOf[input.step]].executeWithOptions({ summary }, [task(chunk)]);
      } catch (error) {
        if (!isLostLease(error)) throw error;
        lost = true;
        return;
      }
      done.add(chunk);
      doneCount += 1;
      counts = addParts(counts, result.counts);
      entries.push({ chunk, manifest: result.manifest });
      await tell();
    },
    // Something is done in every execution, however soon the server suggests another.
    () => lost || (entries.length > 0 && workflowInfo().continueAsNewSuggested),
  );

  const summary = `${input.title}: ${doneCount} of ${input.chunks} done`;
  const of = { run: input.run, plan: input.plan, entity: input.entity, step: input.step };
  const added = { previous: ledger, entries: entries.sort((a, b) => a.chunk - b.chunk) };
  ledger = (await writeLedger(steps, { ...of, ...added }, summary)).digest;
  entries = [];

  if (!lost && doneCount < input.chunks) {
    await continueAsNew<typeof entity>({
      ...input,
      paused,
      carried: { ledger, done: done.toString(), counts },
    });
  }
  return {
    entity: input.entity,
    step: input.step,
    chunks: input.chunks,
    ledger,
    counts,
    complete: !lost,
  };
}

// Short, and the same work over and over: where workers have builds it ends under the one that began it. Where they have
// none (the name is empty then) nothing may be said of it, else the server looks for a build to answer its questions, and finds none.
setWorkflowOptions(
  () => (workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'PINNED' } : {}),
  entity,
);
