import { relative } from 'node:path';
import { styleText } from 'node:util';
import { placeOf, type Problem } from '../model/errors.ts';

/** What the command ends with. Documented in the README. */
export const ExitCode = { ok: 0, failed: 1, usage: 2, problems: 3, differs: 4, interrupted: 130 } as const;

/** Colours only where a person watches that stream, and never against their will (no-color.org). */
const paint =
  (style: Parameters<typeof styleText>[0]) =>
  (text: string, stream: NodeJS.WriteStream = process.stdout): string =>
    styleText(style, text, { stream });
export const bold = paint('bold');
export const dim = paint('dim');
export const red = paint('red');
export const green = paint('green');
export const yellow = paint('yellow');

export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Breaks a line between words where a terminal would break it anywhere. @param indent of the lines that follow */
function wrapped(line: string, indent: number, stream: NodeJS.WriteStream): string {
  if (!stream.isTTY) return line;
  const lines: string[] = [];
  let last = '';
  for (const word of line.split(/(?<=\S) /)) {
    const longer = last === '' ? word : `${last} ${word}`;
    if (last === '' || longer.length <= stream.columns) last = longer;
    else {
      lines.push(last);
      last = ' '.repeat(indent) + word;
    }
  }
  return [...lines, last].join('\n');
}

/** A problem as three lines: what, where, what to do. */
export function problemText(problem: Problem, stream: NodeJS.WriteStream = process.stdout): string {
  const { severity, code, what, where, hint } = problem;
  const place = placeOf(where);
  const mark = severity === 'error' ? red(severity, stream) : yellow(severity, stream);
  return [
    wrapped(`${severity} ${code}: ${what}`, 2, stream).replace(severity, mark),
    ...(place === '' ? [] : [wrapped(`  where: ${place}`, 9, stream)]),
    ...(hint === '' ? [] : [wrapped(`  do:    ${hint}`, 9, stream)]),
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

/** Problems go where they do not mix with what a command was asked for. */
export function sayProblems(problems: readonly Problem[], of: { json?: boolean | undefined } = {}): void {
  for (const problem of problems) {
    process.stderr.write(`${of.json ? JSON.stringify(problem) : problemText(problem, process.stderr)}\n`);
  }
}

/** The time in front of a line of a log: `2026-11-25 09:17:38Z`. */
export function stamp(time = new Date()): string {
  return time.toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

/** What happens in a command that goes on until it is stopped. Whoever keeps its output adds the time. */
export function sayEvent(line: string, of: { json?: boolean | undefined }): void {
  if (of.json) say(JSON.stringify({ time: new Date().toISOString(), message: line }));
  else say(line);
}

/** A command of ours as it is typed here: a project's own is found by npx alone, which says that it was it that started this. */
export function asTyped(command: string, environment: NodeJS.ProcessEnv = process.env): string {
  return environment['npm_command'] === 'exec' ? `npx ${command}` : command;
}
