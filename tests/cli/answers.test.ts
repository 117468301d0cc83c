import { expect, test } from 'vitest';
import { answersOf } from '../../cli/ask.ts';

test('a question that failed is told once the others have been answered, so that none goes on over a closed connection', async () => {
  const late = Promise.withResolvers<string>();
  let told = false;
  const failure = answersOf([Promise.reject(new Error('the server is away')), late.promise]).catch((error: unknown) => {
    told = true;
    return error;
  });
  await new Promise(setImmediate);
  expect(told).toBe(false);
  late.resolve('an answer');
  expect(await failure).toMatchObject({ message: 'the server is away' });
});
