import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import guards from '../guards.json' with { type: 'json' };

const root = new URL('../../', import.meta.url);

test.each(guards)('the guard «$guard» is where the list says, and so is its test', (guard) => {
  const found = readFileSync(new URL(guard.file, root), 'utf8').split(guard.find).length - 1;
  expect({ found, test: existsSync(new URL(guard.test, root)) }).toEqual({ found: 1, test: true });
});

test('every invariant of the architecture has guards', () => {
  expect(new Set(guards.map((one) => one.invariant))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
});
