import { beforeEach, expect, test } from 'vitest';
import { findPlan, loadPlan, putPlan } from '../../activities/documents.ts';
import { makeKeyPair } from '../../cli/people.ts';
import { putSealed } from '../../staging/sealed.ts';
import type { Staging } from '../../staging/index.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';

let staging: Staging;

beforeEach(async () => {
  staging = await staged();
});

test('a worker that finds another plan in its place does not work by it', async () => {
  const meant = planOf(makeKeyPair().publicKey);
  const digest = await putPlan(await staged({ run: 'another-run' }), meant);
  // Whoever holds the master key may write a plan that decrypts; its digest gives it away.
  const other = { ...meant, owners: ['emil'] };
  await putSealed(staging, `runs/${staging.run}/plan-${digest.slice(0, 32)}.json`, other);
  await expect(loadPlan(staging, digest)).rejects.toMatchObject({ code: 'plan.altered', kind: 'misconfigured' });
});

test('the plan of a run that nobody remembers is found, with the digest that it was started under', async () => {
  const digest = await putPlan(staging, planOf(makeKeyPair().publicKey));
  expect(await findPlan(staging)).toMatchObject({ digest, plan: { owners: ['olga'] } });
  await expect(findPlan(await staged({ run: 'unheard-of' }))).rejects.toMatchObject({ code: 'plan.unknown' });
});
