import type { Activities } from '../activities/contract.ts';

/** The connections of a run. */
export interface Sides {
  source: string;
  target: string;
}

/**
 * What each step does, as the Temporal UI shows it beside the step's name, or without it. Steps on one entity or chunk
 * are called with a summary of their own that names it.
 */
export const summaries: Readonly<Partial<Record<keyof Activities, (of: Sides) => string>>> = {
  assessSource: ({ source }) => `${source}: is it as planned?`,
  assessTarget: ({ target }) => `${target}: is it as planned, and free?`,
  stageLookups: ({ target }) => `${target}: reads its reference data`,
  holdLease: ({ source }) => `${source}: holds a snapshot`,
  measureSource: ({ source }) => `${source}: computes the controls`,
  freezeSource: ({ source }) => `${source}: made to refuse writes`,
  proveFrozen: ({ source }) => `${source}: has it refused writes?`,
  thawSource: ({ source }) => `${source}: takes writes again`,
  proveUnchanged: ({ source }) => `${source}: does it still hold what was signed?`,
  reconcile: ({ target }) => `${target}: compared with what was meant, and a report sealed`,
  goLive: ({ target }) => `${target}: marked as the system of record`,
  applyCorrections: () => 'Puts corrections over what was read',
  recordEntities: () => 'Stages what is known of entities',
  recallEntities: () => 'Recalls what is known of entities',
  collect: () => 'Clears staging of what nothing refers to',
};
