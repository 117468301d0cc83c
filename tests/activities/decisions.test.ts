import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { DecisionAsked, RunRef } from '../../activities/contract.ts';
import { acceptDecision } from '../../activities/decisions.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { putPlan } from '../../activities/documents.ts';
import { assertDecision, makeKeyPair } from '../../cli/people.ts';
import { readEvidence } from '../../staging/evidence.ts';
import type { Staging } from '../../staging/index.ts';
import { staged, temporaryFolder } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';

const report = 'r'.repeat(64);
let staging: Staging;
let now: Date;
let signed: Omit<RunRef & DecisionAsked, 'asked'>;

beforeEach(async () => {
  staging = await staged();
  now = new Date();
  const { privateKey, publicKey } = makeKeyPair();
  const key = join(await temporaryFolder(), 'olga.key');
  await writeFile(key, privateKey);
  const { run } = staging;
  const said = { person: 'olga', key, run, decision: 'signed', about: report };
  signed = {
    run,
    plan: await putPlan(staging, planOf(publicKey)),
    decision: await assertDecision({ ...said, action: 'sign-off' }),
    about: report,
    startedBy: 'emil',
    verdict: 'whole',
  };
});

const nowhere = (): never => {
  throw new Error('a decision needs staging alone');
};
const accept = (asked: string): ReturnType<typeof acceptDecision> => {
  const deps: Dependencies = {
    staging: () => Promise.resolve(staging),
    source: nowhere,
    target: nowhere,
    gate: nowhere,
    now: () => now,
  };
  return acceptDecision(deps, { ...signed, asked });
};

test('a signature counts, and is evidence once, although the worker died before anybody heard of it', async () => {
  const first = await accept('one question');
  // Tried again so late that the assertion is no longer fresh.
  now = new Date(now.getTime() + 600_000);
  expect(await accept('one question')).toEqual(first);
  expect(first).toEqual({ person: 'olga', decision: 'signed', about: report, record: 0 });
  expect(await readEvidence(staging)).toHaveLength(1);
});

test('an assertion that somebody writes in another way and sends again does not count', async () => {
  await accept('one question');
  const { assertion } = signed.decision;
  // The last character of a signature holds four bits that mean nothing.
  const last = Buffer.from(assertion.slice(-86), 'base64url');
  const variants = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    .split('')
    .map((letter) => assertion.slice(0, -1) + letter)
    .filter((one) => one !== assertion && Buffer.from(one.slice(-86), 'base64url').equals(last));
  expect(variants).toHaveLength(15);
  for (const one of variants) {
    signed = { ...signed, decision: { ...signed.decision, assertion: one } };
    await expect(accept(one.slice(-1))).rejects.toMatchObject({ code: 'decision.replayed' });
  }
});

test('an assertion that somebody sends a second time does not count', async () => {
  await accept('one question');
  await expect(accept('another question')).rejects.toMatchObject({ code: 'decision.replayed', kind: 'permanent' });
  expect(await readEvidence(staging)).toHaveLength(1);
});

test('nobody signs the run that they started, and a report that is not whole is signed by nobody; neither is evidence', async () => {
  const { startedBy, verdict } = signed;
  signed = { ...signed, startedBy: 'olga' };
  await expect(accept('one question')).rejects.toMatchObject({ code: 'decision.own-run', kind: 'permanent' });
  for (const short of ['differs', 'unverified']) {
    signed = { ...signed, startedBy, verdict: short };
    await expect(accept('one question')).rejects.toMatchObject({ code: 'decision.not-whole', kind: 'permanent' });
  }
  expect(await readEvidence(staging)).toEqual([]);
  signed = { ...signed, startedBy, verdict };
  expect(await accept('one question')).toMatchObject({ person: 'olga', record: 0 });
});
