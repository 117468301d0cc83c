import type { ChunkTask, RunRef } from '../../activities/contract.ts';
import { inLanes } from '../../activities/batches.ts';
import { writeLedger } from '../../activities/documents.ts';
import { extractChunk, planChunks } from '../../activities/extract.ts';
import { transformChunk } from '../../activities/transform.ts';
import { loadChunk } from '../../activities/load.ts';
import { readBackPages } from '../../activities/read-back.ts';
import { addParts, type ChunkResult, type CountsByPart } from '../../model/run.ts';
import type { System } from '../../worker/dependencies.ts';
import { quietly } from './ledger.ts';

const work = { extract: extractChunk, transform: transformChunk, load: loadChunk, readback: readBackPages };
export type BenchStep = keyof typeof work;

/** What a passage through a step leaves behind. */
export interface Passed {
  ledger: string;
  counts: CountsByPart;
}

/** Takes all chunks of the ledger's lines through a step, as many at a time as a run would, and writes their ledger. */
export async function pass(
  system: System,
  of: RunRef,
  step: BenchStep,
  through: Pick<ChunkTask, 'ledgers' | 'lease' | 'chunkPlan'> & { chunks: number; fanOut: number },
): Promise<Passed> {
  const results: ChunkResult[] = [];
  const { ledgers, lease, chunkPlan } = through;
  const task = { ...of, entity: 'line', step, ledgers, lease, chunkPlan, prior: null, partitions: 1, crosswalks: {} };
  await inLanes(Array.from({ length: through.chunks }).keys(), through.fanOut, async (chunk) => {
    results.push(await work[step](system, { ...task, chunk }, quietly));
  });
  const entries = results.map(({ chunk, manifest }) => ({ chunk, manifest })).sort((a, b) => a.chunk - b.chunk);
  const ledger = await writeLedger(await system.staging(of.run), { entity: 'line', step, previous: null, entries });
  return { ledger, counts: addParts(...results.map((one) => one.counts)) };
}

/** Cuts the ledger into chunks and extracts them, each counted against the source. */
export async function extractAll(
  system: System,
  of: RunRef,
  lease: number,
  fanOut: number,
): Promise<Passed & { chunks: number; rows: number; chunkPlan: string }> {
  const { chunkPlan, chunks } = await planChunks(system, { ...of, entity: 'line', lease }, quietly);
  const passed = await pass(system, of, 'extract', { ledgers: {}, lease, chunkPlan, chunks, fanOut });
  return { ...passed, chunks, chunkPlan, rows: passed.counts['line']?.extracted ?? 0 };
}
