import { expect, test } from 'vitest';
import { decisionProblems, decisionsIn } from '../../activities/open-decisions.ts';

const text = `
// decide: which of the two
// is meant?
//   field: sql\`a\`,
// An ordinary comment.
const a = 1; // decide: not a line of its own
  // decide: another one
  // decide: and one more`;

test('a comment that begins with `decide:` is found with its line and the lines of its sentence, without code', () => {
  expect(decisionsIn('x.ts', text)).toEqual([
    { file: 'x.ts', line: 2, text: 'which of the two is meant?' },
    { file: 'x.ts', line: 7, text: 'another one' },
    { file: 'x.ts', line: 8, text: 'and one more' },
  ]);
});

test('a rehearsal may begin with open decisions, a live run may not', () => {
  const open = decisionsIn('x.ts', text);
  expect(new Set(decisionProblems(open, 'rehearsal').map((one) => one.severity))).toEqual(new Set(['warning']));
  expect(new Set(decisionProblems(open, 'live').map((one) => one.severity))).toEqual(new Set(['error']));
});
