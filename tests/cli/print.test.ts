import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { asTyped } from '../../cli/print.ts';

test('a command is told as it can be typed: through npx where npx started this', () => {
  const say = 'process.stdout.write(process.env.npm_command)';
  const through = execFileSync('npx', ['-c', `node -e "${say}"`], { encoding: 'utf8' });
  expect(asTyped('landfall check', { npm_command: through })).toBe('npx landfall check');
  expect(asTyped('landfall check', {})).toBe('landfall check');
  // A script of the project's own, which `npx` cannot stand for.
  expect(asTyped('landfall check', { npm_command: 'run-script' })).toBe('landfall check');
});
