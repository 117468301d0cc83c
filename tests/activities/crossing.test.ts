import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import type { Dependencies } from '../../activities/dependencies.ts';
import { createActivities } from '../../activities/index.ts';
import { LandfallError } from '../../model/errors.ts';

const secret = 'Key (email)=(quetzal@secretmail.example) already exists';

/** Steps whose staging fails with what is given, once `meanwhile` has happened. */
async function thrown(error: unknown, meanwhile: (environment: MockActivityEnvironment) => void): Promise<unknown> {
  const environment = new MockActivityEnvironment();
  const refuse = (): never => {
    throw new Error('not needed');
  };
  const deps: Dependencies = {
    staging: () => {
      meanwhile(environment);
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    },
    source: refuse,
    target: refuse,
    gate: refuse,
    now: () => new Date(0),
  };
  return environment.run(createActivities(deps).assessSource, { run: 'crm-1', plan: 'a'.repeat(64) }).then(
    () => null,
    (failure: unknown) => failure,
  );
}

/** Everything that Temporal would write down of a failure. */
function written(failure: unknown): string {
  const parts: string[] = [];
  for (let at = failure; at instanceof Error; at = at.cause)
    parts.push(at.message, at.stack ?? '', JSON.stringify(Object.entries(at)));
  return parts.join('\n');
}

const known = new LandfallError({
  code: 'source.failed',
  kind: 'permanent',
  what: 'The source refused a statement.',
  hint: 'Look at it.',
  confidential: secret,
  cause: new Error(secret),
});

test.each([
  ['permanent', true],
  ['unauthorised', false],
  ['misconfigured', false],
  ['transient', false],
] as const)('a failure of the kind %s is final: %s', async (kind, final) => {
  const error = new LandfallError({ code: 'target.any', kind, what: 'It failed.', hint: 'Mend it.' });
  expect(await thrown(error, () => {})).toMatchObject({ type: kind, nonRetryable: final });
});

describe('of a step’s failure, what a driver said does not cross', () => {
  test.each([
    ['that is known', known],
    ['that nobody expected', new Error(secret, { cause: new Error(secret) })],
  ])('of one %s', async (_, error) => {
    const failure = await thrown(error, () => {});
    expect(failure).toHaveProperty('name', 'ApplicationFailure');
    expect(written(failure)).not.toContain('quetzal');
  });

  test.each([
    ['that is known', known],
    ['that nobody expected', new Error(secret)],
  ])('of one %s, when the step has been cancelled', async (_, error) => {
    const failure = await thrown(error, (environment) => environment.cancel());
    expect(failure).toBeInstanceOf(CancelledFailure);
    expect(written(failure)).not.toContain('quetzal');
  });
});
