import { expect, test } from 'vitest';
import { isAllowed, thirdParties, thirdPartyPage } from '../../tools/licences.ts';

test('what Landfall brings along is under licences that let others use it', () => {
  const all = thirdParties();
  expect(all.map((one) => one.name)).toEqual(expect.arrayContaining(['commander', '@duckdb/node-api', 'protobufjs']));
  expect(all.map((one) => one.name)).not.toContain('vitest');
  expect(all.filter(({ licence }) => !isAllowed(licence))).toEqual([]);
});

test.each([
  ['MIT', true],
  ['(GPL-2.0 OR MIT)', true],
  ['Apache-2.0 AND MIT', true],
  ['MIT AND GPL-3.0-only', false],
  ['AGPL-3.0', false],
  ['none named', false],
])('%s is allowed: %s', (licence, allowed) => expect(isAllowed(licence)).toBe(allowed));

test('the page names each package, and gives each text once', () => {
  const one = { name: 'one', version: '1.0.0', licence: 'MIT', texts: ['Permission is granted.'] };
  const page = thirdPartyPage([one, { ...one, name: 'two' }]);
  expect(page).toContain('one 1.0.0: MIT\ntwo 1.0.0: MIT');
  expect(page.match(/Permission/g)).toHaveLength(1);
  expect(page).toContain('one 1.0.0, two 1.0.0');
});
