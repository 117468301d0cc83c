import type { Target } from '../../connectors/port.ts';

/** For what a step under test has no business with. */
export const never = (): never => {
  throw new Error('this step does not ask for it');
};

/** A target of which nothing is asked but what a test says. */
export function targetWith(over: Partial<Target>): Target {
  return {
    role: 'target',
    kind: 'memory',
    batchLimit: 1,
    settlingMs: 0,
    ping: never,
    close: () => Promise.resolve(),
    checkShape: never,
    fingerprint: never,
    writeBatch: never,
    findByLegacyKey: never,
    readBack: never,
    countRows: never,
    readReference: never,
    ...over,
  };
}
