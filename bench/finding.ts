import { z } from 'zod';
import { Curve } from './curve.ts';

/** A figure of ours beside a peer's, or of ours alone. */
const Pair = z.strictObject({ ours: z.number().nullable(), peer: z.number().nullable() });
const Commands = z.strictObject({ ours: z.string(), peer: z.string().nullable() });

/** When something was measured, of what, and what else the machine was asked for. */
const Provenance = z.strictObject({
  /** The measure's name in the registry. */
  of: z.string(),
  at: z.iso.datetime(),
  commit: z.string(),
  /** Processes that wanted a core, on average over the minute before it began and over its last one. */
  load: z.tuple([z.number(), z.number()]),
  /** Timed rounds that were asked for. */
  rounds: z.int(),
});

/** One line of the results. */
export const Finding = z.strictObject({
  measure: z.string(),
  /** Of `ours` and `peer`: seconds, rows/s, MiB, rows. */
  unit: z.string(),
  ours: z.number().nullable(),
  peer: z.number().nullable(),
  /** A program, or the limit that ours is held against. */
  peerName: z.string().nullable(),
  /** How good ours is by the peer: 2 is twice as fast, or twice as much a second. Null where there is no peer. */
  ratio: z.number().nullable(),
  aim: z.string().nullable(),
  met: z.boolean().nullable(),
  /** High-water marks of resident memory, of all processes of a side together. */
  peakRssMiB: Pair,
  /** Of processors, the database server's not included: what other work on the machine blurs less. */
  cpuSeconds: Pair,
  command: Commands,
  /** Every timed round of either side, and what a reader has to know. */
  rounds: z.strictObject({ ours: z.array(z.number()), peer: z.array(z.number()) }),
  note: z.string(),
  /** How it grows, where several sizes were measured. */
  curve: Curve.nullable().default(null),
});
export type Finding = z.infer<typeof Finding>;

/** A line of the results as it is kept: each has a place and a time of its own, because measures can be had one by one. */
export const KeptFinding = Finding.extend({ measured: Provenance });
export type KeptFinding = z.infer<typeof KeptFinding>;

/** Everything that was found on a machine. */
export const Results = z.strictObject({
  version: z.literal(1),
  /** When the last of it was measured. */
  at: z.iso.datetime(),
  machine: z.strictObject({
    processor: z.string(),
    cores: z.int(),
    memoryGiB: z.number(),
    system: z.string(),
    node: z.string(),
  }),
  /** Of the last run. */
  sizes: z.record(z.string(), z.union([z.number(), z.array(z.number())])),
  results: z.array(KeptFinding),
});
export type Results = z.infer<typeof Results>;

/** What is not known of a finding until something was measured. */
export function finding(of: Pick<Finding, 'measure' | 'unit'> & Partial<Finding>): Finding {
  return {
    ours: null,
    peer: null,
    peerName: null,
    ratio: null,
    aim: null,
    met: null,
    peakRssMiB: { ours: null, peer: null },
    cpuSeconds: { ours: null, peer: null },
    command: { ours: '', peer: null },
    rounds: { ours: [], peer: [] },
    note: '',
    curve: null,
    ...of,
  };
}
