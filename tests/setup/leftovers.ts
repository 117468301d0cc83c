import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const Mark = 'LANDFALL_TEST_RUN';
const PatienceMs = 10_000;

interface Process {
  pid: number;
  command: string;
}

/** Processes that inherited the mark, whoever their parent is by now; the runner and its own workers left out. */
async function marked(mark: string): Promise<Process[]> {
  const found: Process[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      if (!(await readFile(`/proc/${entry}/environ`, 'utf8')).includes(mark)) continue;
      const command = (await readFile(`/proc/${entry}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
      if (command !== '' && !/vitest|@esbuild/.test(command)) found.push({ pid: Number(entry), command });
    } catch {
      // It ended in between, or belongs to somebody else.
    }
  }
  return found;
}

/** Fails the run when a test leaves a process behind; where there is no /proc it looks at nothing. */
export async function setup(): Promise<() => Promise<void>> {
  const id = randomUUID();
  process.env[Mark] = id;
  return async () => {
    if (!existsSync('/proc/self/environ')) return;
    const deadline = Date.now() + PatienceMs;
    let left = await marked(`${Mark}=${id}`);
    while (left.length > 0 && Date.now() < deadline) {
      await sleep(100);
      left = await marked(`${Mark}=${id}`);
    }
    if (left.length === 0) return;
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    const list = left.map(({ pid, command }) => `  ${pid} ${command.slice(0, 200)}`).join('\n');
    throw new Error(`Tests left processes running (ended now):\n${list}\nStop in each test what it started.`);
  };
}
