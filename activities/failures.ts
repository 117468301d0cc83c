import { z } from 'zod';
import type { Staging } from '../staging/index.ts';
import { digestOf, getSealed, putSealed } from '../staging/sealed.ts';

const Failure = z.strictObject({ code: z.string(), at: z.string(), confidential: z.string() });

function pathOf(run: string, id: string): string {
  return `runs/${run}/failures/${id}.json`;
}

/**
 * Stages what a driver said of a failure: it may quote values, keys or connections, so it never crosses Temporal.
 *
 * @returns the opaque id that does
 */
export async function putFailure(staging: Staging, failure: z.infer<typeof Failure>): Promise<string> {
  const id = digestOf(failure.confidential).slice(0, 16);
  await putSealed(staging, pathOf(staging.run, id), failure);
  return id;
}

/** What is staged about a failure, in the driver's own words. */
export async function readFailure(staging: Staging, id: string): Promise<string> {
  const failure = await getSealed(staging, pathOf(staging.run, id), Failure);
  return `${failure.code}, ${failure.at}\n${failure.confidential}`;
}
