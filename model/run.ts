import { z } from 'zod';
import type { Where } from './errors.ts';

/** Where a run is. The names are what operators read in the Temporal UI. */
export const Phase = z.enum([
  'assess',
  'extract',
  'transform',
  'quality-gate',
  'load',
  'reconcile',
  'sign-off',
  'cut-over',
  'done',
  'aborted',
]);
export type Phase = z.infer<typeof Phase>;

/**
 * The steps that write manifests. `correct` holds only those chunks in which a person corrected rows; the others go
 * through an entity chunk by chunk.
 */
export const Step = z.enum([
  'extract',
  'correct',
  'regroup',
  'transform',
  'load',
  'references',
  'attachments',
  'readback',
]);
export type Step = z.infer<typeof Step>;
/** The steps that work through an entity chunk by chunk. */
export type ChunkStep = Exclude<Step, 'correct'>;

/** Figures of one part (an entity or its lines), added up over its chunks. All are numbers of rows. */
export const Counts = z.object({
  extracted: z.int().default(0),
  contributing: z.int().default(0),
  rejected: z.int().default(0),
  left: z.int().default(0),
  ready: z.int().default(0),
  created: z.int().default(0),
  updated: z.int().default(0),
  unchanged: z.int().default(0),
  refused: z.int().default(0),
  blocked: z.int().default(0),
  pending: z.int().default(0),
  uncertain: z.int().default(0),
  droppedReferences: z.int().default(0),
  attachments: z.int().default(0),
  attachmentBytes: z.int().default(0),
});
export type Counts = z.infer<typeof Counts>;

export function noCounts(): Counts {
  return Counts.parse({});
}

/** Adds figures, name by name. */
export function addCounts(...all: readonly Partial<Counts>[]): Counts {
  const sum = noCounts();
  for (const one of all) {
    for (const [name, value] of Object.entries(one) as [keyof Counts, number | undefined][]) sum[name] += value ?? 0;
  }
  return sum;
}

/** Figures by part. */
export type CountsByPart = Record<string, Partial<Counts>>;

/** Adds figures part by part. Zeros are left out: these figures travel. */
export function addParts(...all: readonly CountsByPart[]): CountsByPart {
  const parts = [...new Set(all.flatMap((one) => Object.keys(one)))];
  return Object.fromEntries(
    parts.map((part) => {
      const sum = addCounts(...all.map((one) => one[part] ?? {}));
      return [part, Object.fromEntries(Object.entries(sum).filter(([, n]) => n !== 0))];
    }),
  );
}

/** What the latest passage through each step counted. */
export type CountsByStep = Partial<Record<Step, CountsByPart>>;

/** An entity's figures over all of its steps. A transform counts the extracted rows anew; later steps add to it. */
export function totalOf(counts: CountsByStep): CountsByPart {
  const { extract, transform, load, references, attachments } = counts;
  return addParts(transform ?? extract ?? {}, load ?? {}, references ?? {}, attachments ?? {});
}

/** What a step says of one chunk: small enough for history, and holding nothing of the rows. */
export interface ChunkResult {
  chunk: number;
  /** The digest of the manifest that the workflow accepts. */
  manifest: string;
  counts: CountsByPart;
}

/**
 * Rows of `due` that a step is through with: as its chunks counted them, or, where it counts none, by its share of the
 * chunks.
 */
export function rowsThrough(
  told: { step: Step; chunksDone: number; chunksDue: number; counts: CountsByPart },
  due: number,
): number {
  const c = addCounts(...Object.values(told.counts));
  if (told.step === 'extract') return c.extracted;
  if (told.step === 'transform') return c.contributing + c.rejected + c.left;
  if (told.step === 'load')
    return c.created + c.updated + c.unchanged + c.refused + c.blocked + c.pending + c.uncertain;
  return told.chunksDue === 0 ? 0 : Math.round((due * told.chunksDone) / told.chunksDue);
}

/** What one entity's passage through one step amounts to. */
export interface StepResult {
  entity: string;
  step: ChunkStep;
  chunks: number;
  /** The digest of the ledger that lists each chunk's manifest. */
  ledger: string;
  counts: CountsByPart;
}

/** What a run is waiting for, and on whom. */
export interface Waiting {
  on: 'sign-off' | 'quality-gate' | 'resume' | 'source-freeze' | 'operator';
  who: string[];
  since: string;
  note: string;
}

/** What went wrong, in words without values of rows; `details` names what is staged of it. */
export interface RunFailure {
  code: string;
  what: string;
  hint: string;
  /** The entity, file, connection or setting that it is about. */
  where?: Where;
  details: string | null;
}

/** A replay of what was held back: who asked, with which corrections, and what came of it. */
export interface ReplayStatus {
  by: string;
  /** The digest of the staged corrections; null when rows were replayed as they were. */
  corrections: string | null;
  record: number;
  outcome: 'asked' | 'running' | 'done' | 'refused';
  failure: RunFailure | null;
}

/** A step that did not succeed and is tried again by itself, until it does or its tries are used up. */
export interface Retrying {
  step: string;
  /** The workflow whose step it is: the run's own, or an entity's. */
  workflow: string;
  /** How often it was tried. */
  tries: number;
  failure: RunFailure;
}

/** A run as operators and the command see it. */
export interface RunStatus {
  run: string;
  migration: string;
  mode: 'rehearsal' | 'live';
  plan: string;
  phase: Phase;
  paused: boolean;
  waiting: Waiting | null;
  /** All entities of a small plan; of a large one those that failed, then those in work, then others. */
  entities: EntityStatus[];
  /** Entities of the plan. */
  entitiesInAll: number;
  /** Figures of all entities together. */
  totals: Counts;
  report: { digest: string; verdict: string } | null;
  signed: { by: string; decision: 'signed' | 'refused'; report: string } | null;
  failure: RunFailure | null;
  /** What is being tried again. The command asks Temporal: a run does not hear of what may still succeed. */
  retrying?: Retrying[];
  /** Replays of what was held back, the latest last. */
  replays: ReplayStatus[];
  startedAt: string;
  updatedAt: string;
}

export interface EntityStatus {
  name: string;
  title: string;
  /** The step that it is at, or was through with last. */
  step: Step | null;
  state: 'waiting' | 'running' | 'failed' | 'done';
  /** The workflow that is at work on it. */
  workflow: string | null;
  chunksDue: number;
  chunksDone: number;
  /** Rows of the entity and its lines that the step has to do with, and those that it is through with. */
  rowsDue: number;
  rowsDone: number;
  counts: CountsByPart;
}
