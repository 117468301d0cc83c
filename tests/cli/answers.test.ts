import { expect, test } from 'vitest';
import { answersOf } from '../../cli/ask.ts';

test('a question that failed is told once the others have been answered, so that none goes on over a closed connection', async () => {
  const late = Promise.withResolvers<string>();
  let told = false;
  const answers = answersOf([Promise.reject(new Error('the server is away')), late.promise]).finally(() => {
    told = true;
  });
  const failure = expect(answers).rejects.toThrow('the server is away');
  await new Promise(setImmediate);
  expect(told).toBe(false);
  late.resolve('an answer');
  await failure;
});
