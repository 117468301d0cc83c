/** Tables about which a system is asked at a time: with hundreds of them, and a network between, waiting is all there is. */
export const QuestionsAtATime = 4;

/**
 * Works on several things at a time. Once one has failed, the others are told to stop, and nothing goes on when the
 * failure is passed on.
 *
 * @param work is told to stop by the signal that it gets
 * @returns what came of each, in the order of the things
 * @throws whatever the first to fail threw
 */
export async function sideBySide<Thing, Made>(
  things: readonly Thing[],
  of: { atATime: number; signal?: AbortSignal },
  work: (thing: Thing, signal: AbortSignal) => Promise<Made>,
): Promise<Made[]> {
  const failing = new AbortController();
  const signal = AbortSignal.any([...(of.signal ? [of.signal] : []), failing.signal]);
  const made: Made[] = [];
  const queue = things.entries();
  const lanes = Array.from({ length: Math.min(of.atATime, things.length) }, async () => {
    // All lanes take from one queue.
    for (const [at, thing] of queue) {
      signal.throwIfAborted();
      try {
        made[at] = await work(thing, signal);
      } catch (error) {
        failing.abort(error);
        throw error;
      }
    }
  });
  await Promise.allSettled(lanes);
  signal.throwIfAborted();
  return made;
}
