import type { RunStatus } from '../model/run.ts';
import { stamp } from './print.ts';
import { runLines, type Since } from './run-lines.ts';
import { RunLog } from './run-log.ts';

/** Shows a run as it goes on. */
export interface RunView {
  show(now: RunStatus): void;
  /** Leaves what was drawn last where it is. */
  end(): void;
}

/** On a terminal drawn anew in place; elsewhere a log: one line for each change, with the time, and no control characters. */
export async function runView(out: NodeJS.WriteStream): Promise<RunView> {
  if (!out.isTTY || process.env['TERM'] === 'dumb') {
    const log = new RunLog();
    return {
      show(now) {
        for (const line of log.lines(now)) out.write(`${stamp()} ${line}\n`);
      },
      end() {},
    };
  }
  const { createLogUpdate } = await import('log-update');
  const draw = createLogUpdate(out);
  const since: Since = new Map();
  return {
    show: (now) => draw(runLines(now, { columns: out.columns, rows: out.rows, since }).join('\n')),
    end: () => draw.done(),
  };
}
