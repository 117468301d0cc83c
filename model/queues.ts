/** The side of a migration that a step talks to. */
export type Role = 'source' | 'target';

/**
 * The task queue of the steps that talk to one connection in one role, so that workers can stand where that system can
 * be reached. Workflows, and steps that only touch staging, are on the base queue.
 */
export function queueOf(base: string, role: Role, connection: string): string {
  return `${base}/${role}/${connection}`;
}
