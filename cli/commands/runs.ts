import { LandfallMigration, LandfallMode, LandfallPhase, LandfallWaiting } from '../../workflows/search-attributes.ts';
import { loadConfig } from '../config.ts';
import type { Shared } from '../options.ts';
import { bold, dim, say, sayJson, stamp, yellow } from '../print.ts';
import { withClient } from '../runs.ts';

/** Runs that are listed, the latest first. */
const Listed = 50;

/** `landfall status` without a run: which there are, as Temporal lists them. */
export async function runs(shared: Shared): Promise<void> {
  const loaded = await loadConfig(shared.config);
  const query = `WorkflowType = 'migration' AND TaskQueue = '${loaded.config.temporal.taskQueue}'`;
  const found = await withClient(loaded, async (client) => {
    const list = [];
    for await (const one of client.workflow.list({ query })) {
      const { typedSearchAttributes: of, workflowId: run, status, startTime } = one;
      list.push({
        run,
        migration: of.get(LandfallMigration) ?? '',
        mode: of.get(LandfallMode) ?? '',
        phase: of.get(LandfallPhase) ?? '',
        waiting: of.get(LandfallWaiting) ?? '',
        state: status.name.toLowerCase(),
        startedAt: startTime.toISOString(),
      });
      if (list.length === Listed) break;
    }
    return list;
  });
  if (shared.json) return sayJson(found);
  if (found.length === 0) return say('No run was started with this configuration yet.');
  const width = Math.max(...found.map(({ run }) => run.length));
  for (const { run, phase, waiting, state, startedAt } of found) {
    const open = state === 'running';
    const how = open
      ? waiting === ''
        ? phase
        : yellow(`waits for ${waiting}`)
      : dim(phase === 'done' ? phase : state);
    say(`${open ? bold(run.padEnd(width)) : run.padEnd(width)}  ${dim(stamp(new Date(startedAt)))}  ${how}`);
  }
  if (found.length === Listed) say(dim(`Earlier ones are in the Temporal UI.`));
}
