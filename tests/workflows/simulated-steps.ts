import { createHash } from 'node:crypto';
import { Context, heartbeat } from '@temporalio/activity';
import type { Activities, ChunkTask, EntityRecord, PagedEntity } from '../../activities/contract.ts';
import { RunOptions } from '../../model/options.ts';
import type { EntityOutline, RunMode } from '../../model/plan.ts';
import type { ChunkResult, CountsByPart } from '../../model/run.ts';

/** As much of an outline as one page of the real step holds. */
const PageCharacters = 100_000;

export interface Simulated {
  entities: readonly EntityOutline[];
  chunksOf: (entity: string) => number;
  options: Partial<RunOptions>;
  /** A rehearsal unless it says so. */
  mode?: RunMode;
  /** What the plan is opened after; absent: at once. */
  opening?: Promise<void>;
  /** The share of rows that each transform rejects. */
  rejects?: number;
  /** What earlier executions knew of every entity, whatever digest they carried. */
  known?: (entity: string) => EntityRecord;
  /** Steps that do something else. */
  steps?: Partial<Activities>;
}

/** What was asked of the steps. */
export interface Asked {
  /** How often each chunk went through each step. */
  chunks: Map<string, number>;
  leases: number;
  /** Leases that were given back. */
  released: number;
  /** Entities that were planned, as often as they were. */
  planned: number;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An entity as large plans have them: long names, lines, references to earlier ones. */
export function simulatedEntity(number: number, references: number): EntityOutline {
  const named = (n: number): string => `entity${String(n).padStart(5, '0')}_general_ledger`;
  const name = named(number);
  const before = Array.from({ length: Math.min(references, number) }, (_, i) => named(number - 1 - i * 7)).filter(
    (one) => /entity\d/.test(one),
  );
  return {
    name,
    title: `General ledger of company ${number}`,
    parts: number % 3 === 0 ? [name, `${name}_lines`] : [name],
    loadAfter: before,
    pointsAt: before,
    // Not those with lines: their rows would be regrouped into more chunks than were extracted.
    keyed: number % 24 === 1,
    later: number % 10 === 0,
    attachments: number % 20 === 0,
    rejectLimit: 0.05,
    consistency: 'snapshot',
  };
}

/** A step that goes on until it is cancelled, or its run has ended. */
export async function untilCancelled(): Promise<never> {
  const timer = setInterval(() => heartbeat(1), 100);
  return Context.current().cancelled.finally(() => clearInterval(timer));
}

/** Steps that answer at once what the real ones answer, in the same shape and of the same length. */
export function simulatedSteps(of: Simulated): { activities: Activities; asked: Asked } {
  const asked: Asked = { chunks: new Map(), leases: 0, released: 0, planned: 0 };
  const staged = new Map<string, { previous: string | null; entities: Record<string, EntityRecord> }>();
  const recordOf = (document: string, name: string): EntityRecord | undefined => {
    for (let at = staged.get(document); at; at = staged.get(at.previous ?? '')) {
      const record = at.entities[name];
      if (record) return record;
    }
    return of.known?.(name);
  };
  const byName = new Map(of.entities.map((one) => [one.name, one]));
  const numberOf = new Map(of.entities.map((one, number) => [one.name, number]));
  const numbers = (names: readonly string[]): number[] => names.flatMap((name) => numberOf.get(name) ?? []);
  let documents = 0;

  const sums = (entity: string, counts: Record<string, number>): CountsByPart =>
    Object.fromEntries((byName.get(entity)?.parts ?? []).map((part) => [part, counts]));
  const rejected = Math.round(50_000 * (of.rejects ?? 0.01));
  const countsOf = (step: string): Record<string, number> => {
    if (step === 'extract' || step === 'regroup') return { extracted: 50_000 };
    if (step === 'transform')
      return { extracted: 50_000, contributing: 50_000 - rejected, rejected, left: 12, ready: 50_000 - rejected - 12 };
    if (step === 'load') return { created: 49_000, updated: 321, unchanged: 67, refused: 12, blocked: 88 };
    if (step === 'attachments') return { attachments: 1234, attachmentBytes: 123_456_789 };
    return {};
  };
  const chunk = async (task: ChunkTask): Promise<ChunkResult> => {
    const key = `${task.entity} ${task.step} ${task.chunk}`;
    asked.chunks.set(key, (asked.chunks.get(key) ?? 0) + 1);
    return { chunk: task.chunk, manifest: digest(key), counts: sums(task.entity, countsOf(task.step)) };
  };
  const nothing = async (): Promise<void> => {};

  const activities: Activities = {
    openPlan: async ({ from }) => {
      await of.opening;
      const page: PagedEntity[] = [];
      let at = from;
      for (let room = PageCharacters; at < of.entities.length && room > 0; at += 1) {
        const one = of.entities[at];
        if (!one) continue;
        page.push({ ...one, loadAfter: numbers(one.loadAfter), pointsAt: numbers(one.pointsAt) });
        room -= JSON.stringify(page.at(-1)).length;
      }
      return {
        outline: {
          migration: 'simulated',
          mode: of.mode ?? 'rehearsal',
          title: 'Simulated',
          source: 'legacy',
          target: 'cloud',
          owners: ['olga'],
          engineers: ['emil'],
          canFreeze: true,
          needsLease: true,
          options: RunOptions.parse(of.options),
        },
        entities: page,
        next: at < of.entities.length ? at : null,
      };
    },
    assessSource: nothing,
    assessTarget: nothing,
    stageLookups: nothing,
    holdLease: async () => {
      asked.leases += 1;
      await untilCancelled().finally(() => void (asked.released += 1));
    },
    awaitLease: nothing,
    planChunks: async ({ entity }) => {
      asked.planned += 1;
      const chunks = of.chunksOf(entity);
      return { chunkPlan: digest(`plan ${entity}`), chunks, rowsDue: chunks * 50_000 };
    },
    extractChunk: chunk,
    regroupChunk: chunk,
    transformChunk: chunk,
    loadChunk: chunk,
    setReferences: chunk,
    moveAttachments: chunk,
    readBackPages: chunk,
    writeLedger: async ({ entity, step, previous, entries }) => ({
      digest: digest(`${entity} ${step} ${previous ?? ''} ${entries.length}`),
    }),
    sealTransform: async ({ entity }) => ({ digest: digest(`seal ${entity}`), counts: {} }),
    sealLoad: async ({ entity }) => ({ digest: digest(`crosswalk ${entity}`), counts: sums(entity, countsOf('load')) }),
    measureSource: async () => ({ digest: digest('figures') }),
    recordEntities: async ({ previous, entities }) => {
      documents += 1;
      const name = digest(`entities ${documents}`);
      staged.set(name, { previous, entities });
      return { digest: name };
    },
    recallEntities: async ({ entities, names }) => ({
      entities: Object.fromEntries(
        names.flatMap((name) => {
          const record = recordOf(entities, name);
          return record ? [[name, record]] : [];
        }),
      ),
    }),
    reconcile: async () => ({
      digest: digest('report'),
      verdict: 'whole',
      rowsCompared: 1_234_567,
      differences: 0,
      missing: 0,
      unexpected: 0,
      position: '00000003-0000001B-1',
      asAt: '2026-01-01T00:00:00.000Z',
    }),
    applyCorrections: async () => ({ ledgers: {} }),
    acceptDecision: async ({ about }) => ({ person: 'olga', decision: 'signed', about, record: 0 }),
    freezeSource: nothing,
    proveFrozen: nothing,
    thawSource: nothing,
    proveUnchanged: nothing,
    goLive: nothing,
    collect: async () => ({ files: 0, bytes: 0 }),
  };
  return { activities: { ...activities, ...of.steps }, asked };
}
