import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { entityProgress, limiterState, records, status } from '../../workflows/messages.ts';

/** Workflows that are asked at the same time. */
const AtATime = 8;

/** The queries that each type of workflow answers; each has the workflow replayed once it has ended. */
const knows: Record<string, readonly string[]> = {
  migration: [status.name, records.name],
  entity: [entityProgress.name],
  limiter: [limiterState.name],
  lease: [],
};

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
  const said = async (listed: WorkflowExecutionInfo): Promise<void> => {
    const { workflowId, runId } = listed;
    const handle = client.workflow.getHandle(workflowId, runId);
    textsIn(listed.raw, `${workflowId} list`, found);
    textsIn((await handle.describe()).raw, `${workflowId} describe`, found);
    for (const event of (await handle.fetchHistory()).events ?? [])
      textsIn(event, `${workflowId} event ${String(event.eventId)}`, found);
    const own = knows[listed.type] ?? Object.values(knows).flat();
    for (const query of [...own, '__temporal_workflow_metadata', '__stack_trace']) {
      const answer: unknown = await handle.query(query).catch((error: unknown) => String(error));
      textsIn(answer, `${workflowId} query ${query}`, found);
    }
  };
  const all: WorkflowExecutionInfo[] = [];
  for await (const one of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) all.push(one);
  while (all.length > 0) await Promise.all(all.splice(0, AtATime).map(said));
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

/** Texts put together as long as one string can well be. */
const TogetherAtMost = 32 * 1024 * 1024;

/** Every planted value that was said somewhere, whatever its case (but for base64, where case is the value). */
export function leaksIn(said: readonly Said[], planted: readonly string[]): Leak[] {
  // Most is said many times over.
  const places = new Map<string, Set<string>>();
  for (const { where, text } of said) places.set(text, (places.get(text) ?? new Set()).add(where));
  const wanted = planted.flatMap((value) =>
    formsOf(value).map(([form, text]) => ({ value, form, text: form === 'base64' ? text : text.toLowerCase() })),
  );
  const leaks = new Map<string, Leak>();
  const lookThrough = (texts: readonly string[]): void => {
    // To look for one value in all texts at once is far quicker than in one after the other.
    const asItIs = texts.join('\0');
    const low = texts.map((text) => text.toLowerCase()).join('\0');
    for (const { value, form, text } of wanted) {
      if (!(form === 'base64' ? asItIs : low).includes(text)) continue;
      for (const one of texts) {
        if (!(form === 'base64' ? one : one.toLowerCase()).includes(text)) continue;
        for (const where of places.get(one) ?? []) leaks.set(`${where} ${value}`, { where, value, form });
      }
    }
  };
  let texts: string[] = [];
  let length = 0;
  for (const text of places.keys()) {
    texts.push(text);
    length += text.length;
    if (length > TogetherAtMost) {
      lookThrough(texts);
      [texts, length] = [[], 0];
    }
  }
  lookThrough(texts);
  return [...leaks.values()];
}
