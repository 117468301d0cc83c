import { expect, test } from 'vitest';
import { freezeSource, goLive, thawSource } from '../../activities/cut-over.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { putPlan } from '../../activities/documents.ts';
import type { Source } from '../../connectors/port.ts';
import type { RunRef } from '../../activities/contract.ts';
import { readEvidence } from '../../staging/evidence.ts';
import type { Staging } from '../../staging/index.ts';
import { staged, temporaryFolder } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';
import { never, targetWith } from './a-target.ts';

/** A target without a mark for the system of record. */
const cloud = targetWith({});

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

async function runOn(source: Source, name: string): Promise<{ deps: Dependencies; of: RunRef; staging: Staging }> {
  const staging = await staged({ folder: await temporaryFolder(), run: name });
  const deps: Dependencies = {
    staging: () => Promise.resolve(staging),
    source: () => Promise.resolve(source),
    target: () => Promise.resolve(cloud),
    gate: () => ({ enter: never, report: never }),
    now: () => new Date(),
  };
  return { deps, staging, of: { run: name, plan: await putPlan(staging, planOf('-----BEGIN PUBLIC KEY-----')) } };
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

test('a worker that was started before the source could be frozen is told so, and does not end a run that was signed', async () => {
  const { freeze: _freeze, isFrozen: _isFrozen, ...before } = legacy().source;
  const { deps, of } = await runOn(before, 'crm-live-1');
  await expect(freezeSource(deps, of)).rejects.toMatchObject({ code: 'source.cannot-freeze', kind: 'misconfigured' });
});

test('a switch is evidence once, although the worker died before anybody heard of it', async () => {
  const { deps, of, staging } = await runOn(legacy().source, 'crm-live-1');
  const signed = { ...of, report: 'r'.repeat(64), record: 3 };
  await goLive(deps, signed);
  await goLive(deps, signed);
  expect((await readEvidence(staging)).map((one) => one.kind)).toEqual(['switched']);
});
