import { z } from 'zod';
import { LandfallError } from '../model/errors.ts';
import { RunMode, type Plan } from '../model/plan.ts';
import type { Store } from '../staging/store.ts';

/** A run that came to work on a migration. Names alone: it belongs to no run, and so to no run's key. */
const Claim = z.strictObject({ run: z.string(), mode: RunMode });
type Claim = z.infer<typeof Claim>;
/** Claims by the number that each run took. */
type Claims = ReadonlyMap<number, Claim>;

function folderOf(migration: string): string {
  return `migrations/${migration}/runs/`;
}

function pathOf(migration: string, number: number): string {
  return `${folderOf(migration)}${String(number).padStart(12, '0')}.json`;
}

async function claimsOf(store: Store, migration: string): Promise<Claims> {
  const paths: string[] = [];
  for await (const { path } of store.list(folderOf(migration))) paths.push(path);
  const claims = await Promise.all(
    paths.map(async (path) => {
      const number = Number(/(\d+)\.json$/.exec(path)?.[1]);
      const parsed = Claim.safeParse(readJson(Buffer.from(await store.get(path)).toString('utf8')));
      if (parsed.success && Number.isInteger(number)) return [number, parsed.data] as const;
      throw new LandfallError({
        code: 'staging.altered',
        kind: 'permanent',
        what: 'A staged document is not what was written: it was altered or cut short.',
        where: { path },
        hint: 'Restore it from a backup of the staging folder; if there is none, remove it while no run is open.',
      });
    }),
  );
  return new Map(claims);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A live run has its migration to itself: two runs would write into one target, and the report of neither would say what
 * is there. Each run takes a number while it is open, and goes on if none with a lower number is open that must not be
 * beside it. So of two that were started at the same moment one goes on, whatever is killed when; and a run that has
 * ended, however it ended, is in nobody's way.
 *
 * @param isOpen whether a run is under way, as of now
 * @throws LandfallError `run.another`
 */
export async function claimMigration(
  store: Store,
  plan: Pick<Plan, 'migration' | 'mode'>,
  run: string,
  isOpen: (run: string) => Promise<boolean>,
): Promise<void> {
  const own: Claim = { run, mode: plan.mode };
  for (;;) {
    const claims = await claimsOf(store, plan.migration);
    const numbers = [...claims].flatMap(([number, one]) => (one.run === run ? [number] : []));
    if (numbers.length === 0) {
      // Whoever loses the race for a number takes the next, and finds the winner before it.
      const next = Math.max(-1, ...claims.keys()) + 1;
      await store.put(pathOf(plan.migration, next), Buffer.from(JSON.stringify(own)));
      continue;
    }
    for (const [number, one] of claims) {
      const apart = one.mode === 'live' || plan.mode === 'live';
      if (number < Math.min(...numbers) && apart && (await isOpen(one.run))) {
        throw anotherRun(plan.migration, one.run);
      }
    }
    return;
  }
}

/** The error of a run that would have to be beside another. */
export function anotherRun(migration: string, run: string): LandfallError {
  return new LandfallError({
    code: 'run.another',
    kind: 'permanent',
    what: `Another run of ${migration} is open, and a live run has its migration to itself.`,
    where: { migration, run },
    hint: `Sign it or refuse it, or end it with \`landfall abort ${run}\`; then start this one.`,
  });
}
