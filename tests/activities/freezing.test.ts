import { expect, test } from 'vitest';
import { freezeSource, thawSource } from '../../activities/cut-over.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { putPlan } from '../../activities/documents.ts';
import type { Source } from '../../connectors/port.ts';
import type { RunRef } from '../../activities/contract.ts';
import { staged, temporaryFolder } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';

const never = (): never => {
  throw new Error('not asked of a source that is frozen');
};

/** A source that several runs come to, one after the other. */
function legacy(): { source: Source; takesWrites: () => boolean } {
  let frozen = false;
  const source: Source = {
    role: 'source',
    kind: 'memory',
    ping: never,
    close: () => Promise.resolve(),
    describe: never,
    fingerprint: never,
    planChunks: never,
    readChunk: never,
    countChunk: never,
    freeze: async () => void (frozen = true),
    unfreeze: async () => void (frozen = false),
    isFrozen: async () => frozen,
  };
  return { source, takesWrites: () => !frozen };
}

async function runOn(source: Source, name: string): Promise<{ deps: Dependencies; of: RunRef }> {
  const staging = await staged({ folder: await temporaryFolder(), run: name });
  const deps: Dependencies = {
    staging: () => Promise.resolve(staging),
    source: () => Promise.resolve(source),
    target: never,
    gate: never,
    now: () => new Date(),
  };
  return { deps, of: { run: name, plan: await putPlan(staging, planOf('-----BEGIN PUBLIC KEY-----')) } };
}

test('a run that is stopped does not let people write into a source that another run has switched away from', async () => {
  const { source, takesWrites } = legacy();
  const switched = await runOn(source, 'crm-live-1');
  await freezeSource(switched.deps, switched.of);
  const rehearsal = await runOn(source, 'crm-rehearsal-2');
  await freezeSource(rehearsal.deps, rehearsal.of);
  await thawSource(rehearsal.deps, rehearsal.of);
  expect(takesWrites()).toBe(false);
});

test('a run gives a source back that it froze, although its first try to freeze it died half way', async () => {
  const { source, takesWrites } = legacy();
  const { deps, of } = await runOn(source, 'crm-live-1');
  await freezeSource(deps, of);
  await freezeSource(deps, of);
  await thawSource(deps, of);
  expect(takesWrites()).toBe(true);
});
