/** The side of a migration that a step talks to. */
export type Role = 'source' | 'target';

/**
 * The task queue of the steps that talk to one connection in one role, so that workers can stand where that system can
 * be reached. Workflows, and steps that only touch staging, are on the base queue.
 */
export function queueOf(base: string, role: Role, connection: string): string {
  return `${base}/${role}/${connection}`;
}

/**
 * The queue, beside one of those, of the steps that work on a chunk's rows. A worker takes no more of them than it can
 * begin soon: what waits inside one worker no other can take, however idle it is.
 */
export function rowQueueOf(queue: string): string {
  return `${queue}/rows`;
}
