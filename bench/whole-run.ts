import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../cli/runs.ts';
import { hundredths } from './against.ts';
import { processorSeconds, watchMemory } from './process.ts';
import type { Runs } from './runs.ts';

/** What a run took until its report. */
export interface WholeRun {
  seconds: number;
  /** Of each phase, in the order that the run went through them. */
  phases: Record<string, number>;
  /** High-water marks of all workers together. */
  peakMiB: number | null;
  cpuSeconds: number | null;
}

const PollMs = 250;
/** Until the search attribute that says the phase has arrived in the history. */
const HistoryPollMs = 50;
const Ends = 'sign-off';

interface Entered {
  phase: string;
  at: number;
}

function milliseconds(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;
}

/** When a run entered each phase, by its history: as exact as the server's clock, and at no cost to the workers. */
async function phasesEntered(runs: Runs, run: string): Promise<Entered[]> {
  return withClient(runs.loaded, async (client) => {
    const entered: Entered[] = [];
    let execution: string | undefined;
    // Later parts of a long history know nothing of the earlier ones: from the last back to the first.
    for (;;) {
      const { events } = await client.workflow.getHandle(run, execution).fetchHistory();
      const own: Entered[] = [];
      for (const event of events ?? []) {
        const changed = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
        const data = changed?.['LandfallPhase']?.data;
        if (data)
          own.push({ phase: String(JSON.parse(Buffer.from(data).toString())), at: milliseconds(event.eventTime) });
      }
      const first = events?.[0];
      const began = first?.workflowExecutionStartedEventAttributes;
      const earlier = began?.continuedExecutionRunId;
      if (!earlier) own.unshift({ phase: 'assess', at: milliseconds(first?.eventTime) });
      entered.unshift(...own);
      if (!earlier) return entered;
      execution = earlier;
    }
  });
}

/** Seconds of each phase until the last one. */
function lengths(entered: readonly Entered[]): Record<string, number> {
  const phases: Record<string, number> = {};
  for (const [i, { phase, at }] of entered.entries()) {
    const next = entered[i + 1];
    if (next && phase !== Ends) phases[phase] = hundredths((phases[phase] ?? 0) + (next.at - at) / 1000);
  }
  return phases;
}

/**
 * Waits for a run's report, and says what its phases took.
 *
 * @throws Error when the report is not whole
 */
export async function phasesUntilReport(runs: Runs, run: string): Promise<Record<string, number>> {
  const now = await runs.until(run, (one) => one.report !== null, PollMs);
  if (now.report?.verdict !== 'whole') throw new Error(`the report is ${now.report?.verdict ?? 'missing'}`);
  for (;;) {
    const entered = await phasesEntered(runs, run);
    if (entered.some((one) => one.phase === Ends)) return lengths(entered);
    await sleep(HistoryPollMs);
  }
}

/** Makes a run that nobody decides anything in, from its start to its report. The workers are up already. */
export async function wholeRun(runs: Runs, run: string, workers: readonly ChildProcess[]): Promise<WholeRun> {
  const pids = workers.map((one) => one.pid ?? 0);
  const before = await Promise.all(pids.map(processorSeconds));
  const memory = pids.map(watchMemory);
  try {
    await runs.start(run);
    const phases = await phasesUntilReport(runs, run);
    const after = await Promise.all(pids.map(processorSeconds));
    const peaks = await Promise.all(memory.map((one) => one.stop()));
    const sum = (all: readonly (number | null)[]): number => all.reduce((total: number, one) => total + (one ?? 0), 0);
    return {
      seconds: hundredths(sum(Object.values(phases))),
      phases,
      peakMiB: peaks.includes(null) ? null : sum(peaks),
      cpuSeconds: after.includes(null) ? null : hundredths(sum(after) - sum(before)),
    };
  } finally {
    for (const one of memory) await one.stop();
  }
}
