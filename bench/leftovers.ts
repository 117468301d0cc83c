import type { ChildProcess } from 'node:child_process';
import { family } from './family.ts';

const clearing: (() => Promise<void>)[] = [];
const running = new Set<ChildProcess>();
const stopping = new AbortController();

/** Has something cleared away when the bench ends, however it ends; what came last goes first. */
export function clearAway(work: () => Promise<void>): void {
  clearing.unshift(work);
}

/** Has a process ended when the bench is stopped while it runs. */
export function endWithBench(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** Ends what runs and clears away what was left. */
export async function clear(): Promise<void> {
  // A program that works in several processes leaves the others running when the first is killed.
  const pids: number[] = [];
  for (const { pid } of running) if (pid !== undefined) pids.push(...(await family(pid)));
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  for (const work of clearing.splice(0)) await work().catch(() => {});
}

/** Whether somebody has stopped the bench: then what it finds from now on is nothing. */
export function isStopped(): boolean {
  return stopping.signal.aborted;
}

/** A bench that is stopped leaves gigabytes behind, unless it clears them away. */
export function clearWhenStopped(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // npm and terminals tell it twice: the second time must not cut the clearing short.
    process.on(signal, () => {
      if (isStopped()) return;
      stopping.abort();
      void clear().finally(() => process.exit(130));
    });
  }
}
