import type { Client } from '@temporalio/client';

/** Something that left this process's hands, and where it was found. */
export interface Said {
  where: string;
  text: string;
}

export interface Leak {
  where: string;
  value: string;
  form: string;
}

/** Every text in a value of any shape; bytes (payloads are bytes) as the text that they are. */
function textsIn(value: unknown, where: string, found: Said[] = [], seen = new Set<unknown>()): Said[] {
  if (typeof value === 'string') found.push({ where, text: value });
  if (typeof value !== 'object' || value === null || seen.has(value)) return found;
  seen.add(value);
  if (value instanceof Uint8Array) {
    found.push({ where, text: Buffer.from(value).toString('utf8') });
    return found;
  }
  for (const [name, one] of Object.entries(value)) {
    found.push({ where, text: name });
    textsIn(one, /^\d+$/.test(name) ? where : `${where}.${name}`, found, seen);
  }
  return found;
}

/**
 * Everything that Temporal holds of the workflows of a task queue: histories with all payloads, failures with their
 * stacks and causes, summaries, search attributes, memos, what pending activities said last, and what queries answer.
 */
export async function saidByTemporal(client: Client, taskQueue: string): Promise<Said[]> {
  const found: Said[] = [];
  for await (const listed of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
    const { workflowId, runId } = listed;
    const handle = client.workflow.getHandle(workflowId, runId);
    textsIn(listed.raw, `${workflowId} list`, found);
    textsIn((await handle.describe()).raw, `${workflowId} describe`, found);
    for (const event of (await handle.fetchHistory()).events ?? [])
      textsIn(event, `${workflowId} event ${String(event.eventId)}`, found);
    for (const query of ['status', 'records', 'progress', 'state', '__temporal_workflow_metadata', '__stack_trace']) {
      const answer: unknown = await handle.query(query).catch((error: unknown) => String(error));
      textsIn(answer, `${workflowId} query ${query}`, found);
    }
  }
  return found;
}

/** What pending activities of open workflows said of themselves just now: heartbeats and last failures. */
export async function saidByPending(client: Client, taskQueue: string): Promise<Said[]> {
  const found: Said[] = [];
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const described = await client.workflow
      .getHandle(workflowId, runId)
      .describe()
      .catch(() => null);
    textsIn(described?.raw.pendingActivities ?? [], `${workflowId} pending`, found);
  }
  return found;
}

/** The part of a value's base64 that is the same whatever stands before and after it, for each of the three offsets. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const first = offset === 0 ? 0 : offset + 1;
    return text.slice(first, (offset + bytes.length) % 3 === 0 ? undefined : -1);
  });
}

/** A value as it may be found: as it is, in base64 of both alphabets, in hexadecimal, in a URL, in JSON. */
export function formsOf(value: string): [form: string, text: string][] {
  const base64 = base64Forms(value).flatMap((one) => [one, one.replaceAll('+', '-').replaceAll('/', '_')]);
  const forms: [string, string][] = [
    ['plain', value],
    ['in a URL', encodeURIComponent(value)],
    ['in a form', new URLSearchParams({ v: value }).toString().slice(2)],
    ['in JSON', JSON.stringify(value).slice(1, -1)],
    ['hexadecimal', Buffer.from(value).toString('hex')],
    ...base64.map((text): [string, string] => ['base64', text]),
  ];
  return forms;
}

/** Every planted value that was said somewhere, whatever its case (but for base64, where case is the value). */
export function leaksIn(said: readonly Said[], planted: readonly string[]): Leak[] {
  const wanted = planted.flatMap((value) => formsOf(value).map(([form, text]) => ({ value, form, text })));
  const leaks = new Map<string, Leak>();
  for (const { where, text } of said) {
    const low = text.toLowerCase();
    for (const one of wanted) {
      const there = one.form === 'base64' ? text.includes(one.text) : low.includes(one.text.toLowerCase());
      if (there) leaks.set(`${where} ${one.value}`, { where, value: one.value, form: one.form });
    }
  }
  return [...leaks.values()];
}
