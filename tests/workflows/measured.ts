import type { Client, WorkflowHandle } from '@temporalio/client';

export type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

export interface Execution {
  workflowId: string;
  runId: string;
  type: string;
  events: number;
  bytes: number;
}

/** Every execution of a run and its children that the server lists. */
export async function executionsOf(client: Client, run: string): Promise<Execution[]> {
  const found: Execution[] = [];
  for await (const one of client.workflow.list({ query: `LandfallRun = '${run}'` })) {
    const { workflowId, runId, type } = one;
    // Of one that still runs the list knows no size.
    const { historyLength, historySize = 0 } =
      one.status.name === 'RUNNING' ? await client.workflow.getHandle(workflowId, runId).describe() : one;
    found.push({ workflowId, runId, type, events: historyLength, bytes: historySize });
  }
  return found;
}

/** The size of every payload in a history, in bytes, with the event that it came with. */
export function payloadsIn(history: History): { event: string; bytes: number }[] {
  const found: { event: string; bytes: number }[] = [];
  const walk = (value: unknown, event: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (value instanceof Uint8Array) return void found.push({ event, bytes: value.length });
    for (const one of Object.values(value)) walk(one, event);
  };
  for (const one of history.events ?? []) walk(one, Object.keys(one).find((name) => name.endsWith('Attributes')) ?? '');
  return found;
}
