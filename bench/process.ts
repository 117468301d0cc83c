import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { family } from './family.ts';
import { endWithBench } from './leftovers.ts';

const PollMs = 20;

/** The high-water mark of a process's resident memory, in KiB; null once it has gone, or where there is no /proc. */
export async function peakKiB(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const found = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return found === undefined ? null : Number(found);
}

/** Watches a process and its descendants. Marks only rise, so that nothing is missed but the last moment of each. */
export function watchMemory(pid: number): { stop(): Promise<number | null> } {
  const peaks = new Map<number, number>();
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      for (const one of await family(pid)) {
        const peak = await peakKiB(one);
        if (peak !== null) peaks.set(one, peak);
      }
      await sleep(PollMs);
    }
  })();
  return {
    async stop() {
      over.abort();
      await watching;
      return peaks.size === 0 ? null : Math.round([...peaks.values()].reduce((sum, one) => sum + one, 0) / 1024);
    },
  };
}

/** Processor time of this process's children that have ended, in seconds; null where there is no /proc. */
async function childrenSeconds(): Promise<number | null> {
  const stat = await readFile('/proc/self/stat', 'utf8').catch(() => null);
  // After the command in brackets; cutime and cstime are fields 16 and 17, in hundredths (man 5 proc).
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields ? (Number(fields[13]) + Number(fields[14])) / 100 : null;
}

/** Processor time of a process that still runs, in seconds; null where there is no /proc. */
export async function processorSeconds(pid: number): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // utime and stime are fields 14 and 15.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields ? (Number(fields[11]) + Number(fields[12])) / 100 : null;
}

export interface Ran {
  seconds: number;
  /** Of processors, over all processes that it started and waited for. */
  cpuSeconds: number | null;
  peakMiB: number | null;
  stdout: string;
}

/**
 * Runs a command as a whole process, from its start to its end.
 *
 * @throws Error with the end of what it said, when it fails
 */
export async function runProcess(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const [program = '', ...args] = command;
  const before = await childrenSeconds();
  const started = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithBench(child);
  const failed = once(child, 'error').then(([error]) => {
    throw error;
  });
  const memory = watchMemory(child.pid ?? 0);
  let stdout = '';
  let said = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4000)));
  try {
    const [code] = (await Promise.race([once(child, 'close'), failed])) as [number | null];
    const seconds = (performance.now() - started) / 1000;
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${(said || stdout).trim().slice(-600)}`);
    const after = await childrenSeconds();
    const cpuSeconds = before === null || after === null ? null : after - before;
    return { seconds, cpuSeconds, peakMiB: await memory.stop(), stdout };
  } finally {
    await memory.stop();
  }
}
