import { relative } from 'node:path';
import { placeOf, type Problem } from '../model/errors.ts';

/** What the command ends with. Documented in the README. */
export const ExitCode = { ok: 0, failed: 1, usage: 2, problems: 3, differs: 4 } as const;

/** Whether to colour: only where a person watches, and never against their will (no-color.org). */
const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

const paint =
  (code: number) =>
  (text: string): string =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text;
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** A problem as three lines: what, where, what to do. */
export function problemText(problem: Problem): string {
  const mark = problem.severity === 'error' ? red('error') : yellow('warning');
  const place = placeOf(problem.where);
  return [
    `${mark} ${problem.code}: ${problem.what}`,
    ...(place === '' ? [] : [`  where: ${place}`]),
    ...(problem.hint === '' ? [] : [`  do:    ${problem.hint}`]),
  ].join('\n');
}

/** What is left to people, one line each with the place first, so that an editor's terminal leads there. */
export function decisionLines(problems: readonly Problem[]): string[] {
  const open = problems.filter((one) => one.code === 'blueprint.undecided');
  const [first] = open;
  if (!first) return [];
  const count = open.length === 1 ? 'A decision is' : `${open.length} decisions are`;
  return [
    `${yellow('open')} ${count} left to people. ${first.hint}`,
    ...open.map(({ what, where }) => `  ${relative(process.cwd(), where.file ?? '')}:${where.line ?? ''}  ${what}`),
  ];
}
