import { expect, test } from 'vitest';
import { explainReadFailure } from '../../activities/lease.ts';
import { LandfallError, type ErrorKind } from '../../model/errors.ts';

function failure(code: string, kind: ErrorKind): LandfallError {
  return new LandfallError({ code, kind, what: 'Something failed.', where: {}, hint: 'Mend it.' });
}

const lease = { token: '1', position: '' };
const broken = failure('duckdb.failed', 'permanent');
const explained = (isAlive: () => Promise<boolean>): Promise<unknown> =>
  explainReadFailure({ isAlive }, lease, 3, broken);

test('a read that failed in a snapshot that is there failed by itself', async () => {
  expect(await explained(() => Promise.resolve(true))).toBe(broken);
});

test('a read that failed in a snapshot that is gone asks for another', async () => {
  expect(await explained(() => Promise.resolve(false))).toMatchObject({ code: 'lease.lost' });
});

test('a read that failed while nobody can say whether its snapshot is there is tried again', async () => {
  const away = (): Promise<boolean> => Promise.reject(failure('source.refused', 'transient'));
  expect(await explained(away)).toMatchObject({ code: 'source.lost', kind: 'transient' });
});

test('a read that failed because the source lets the user in no more is not tried again', async () => {
  const shut = failure('source.password', 'unauthorised');
  expect(await explained(() => Promise.reject(shut))).toBe(shut);
});
