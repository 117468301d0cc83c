import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { assessSource, assessTarget } from '../../activities/assess.ts';
import { putPlan } from '../../activities/documents.ts';
import { QuestionsAtATime } from '../../activities/side-by-side.ts';
import type { Source } from '../../connectors/port.ts';
import { blueprint, collection, entity, sql, table } from '../../model/builders.ts';
import { text } from '../../model/shape.ts';
import { staged } from '../staging/open-staging.ts';
import { planOf } from './a-plan.ts';
import { never, targetWith } from './a-target.ts';

const names = Array.from({ length: 20 }, (_, n) => `table_${n}`);
const columns = [{ name: 'id', nativeType: 'integer', stagedType: 'INTEGER', nullable: false }];

/** A system behind a slow network, and how many questions it had at once. */
function faraway() {
  const asked: string[] = [];
  let underWay = 0;
  let most = 0;
  return {
    asked,
    most: () => most,
    async answer(name: string) {
      asked.push(name);
      underWay += 1;
      most = Math.max(most, underWay);
      await sleep(10);
      underWay -= 1;
    },
  };
}

async function assessed(over: { source?: Source; target?: Parameters<typeof targetWith>[0] }) {
  const staging = await staged();
  const entityOf = (name: string) =>
    entity(name, {
      from: table(name, { key: ['id'] }),
      to: collection(name, { id: 'id', legacyKey: 'legacy', shape: { name: text(10) } }),
      legacyKey: sql`id`,
      fields: { name: sql`'x'` },
    });
  const [first = '', ...others] = names;
  const part = {
    columns,
    estimatedRows: 1,
    sourceFingerprint: 'same',
    targetFingerprint: 'same',
    classes: {},
    reads: {},
  };
  const plan = planOf('-----BEGIN PUBLIC KEY-----', {
    blueprint: blueprint('many', { entities: [entityOf(first), ...others.map(entityOf)] }),
    order: names,
    parts: Object.fromEntries(names.map((name) => [name, part])),
  });
  const deps = {
    staging: async () => staging,
    source: async () => over.source ?? never(),
    target: async () => targetWith({ ping: async () => ({ product: '', version: '' }), ...over.target }),
    gate: () => ({ enter: never, report: never }),
    now: () => new Date(),
  };
  return { deps, of: { run: staging.run, plan: await putPlan(staging, plan) } };
}

const beat = { signal: new AbortController().signal, beat: () => {} };

function sourceWith(fingerprintOf: (object: string) => Promise<string>): Source {
  return {
    role: 'source',
    kind: 'memory',
    ping: async () => ({ product: '', version: '' }),
    close: () => Promise.resolve(),
    describe: async ([object = '']) => [
      { object, columns, uniqueKeys: [['id']], estimatedRows: 1, fingerprint: await fingerprintOf(object) },
    ],
    planChunks: never,
    readChunk: never,
    countChunk: never,
  };
}

test('both sides are asked about several tables at a time, and about each once', async () => {
  const here = faraway();
  const there = faraway();
  const { deps, of } = await assessed({
    source: sourceWith((object) => here.answer(object).then(() => 'same')),
    target: {
      fingerprint: async ([one = '']) => {
        await there.answer(one);
        return { [one]: 'same' };
      },
    },
  });
  await assessSource(deps, of, beat);
  await assessTarget(deps, of, beat, async () => false);
  for (const { asked, most } of [here, there]) {
    expect(asked.toSorted()).toEqual(names.toSorted());
    expect(most()).toBe(QuestionsAtATime);
  }
});

test('a table that has changed since the plan was made is named, and not all of the others are asked about', async () => {
  const { asked, answer } = faraway();
  const { deps, of } = await assessed({
    source: sourceWith((object) => answer(object).then(() => (object === 'table_5' ? 'another' : 'same'))),
  });
  await expect(assessSource(deps, of, beat)).rejects.toMatchObject({
    code: 'plan.outdated',
    where: { entity: 'table_5' },
  });
  expect(asked.length).toBeLessThan(names.length);
});
