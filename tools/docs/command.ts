import type { Argument, Command, Option } from 'commander';
import { program } from '../../cli/program.ts';
import { inCell } from './comments.ts';

/** Commands that are for people who try Landfall out, not for those who use it. */
const unlisted: readonly string[] = ['dev'];

function argument(of: Argument): string {
  const name = of.variadic ? `${of.name()}...` : of.name();
  return of.required ? `<${name}>` : `[${name}]`;
}

function optionRows(options: readonly Option[]): string[] {
  return options.map((one) => {
    const preset = one.defaultValue === undefined ? '' : ` (default: \`${String(one.defaultValue)}\`)`;
    const must = one.mandatory ? '**Needed.** ' : '';
    return `| \`${inCell(one.flags)}\` | ${must}${inCell(one.description)}${preset} |`;
  });
}

/** What a command prints after its own help: exit codes and the like. */
function after(command: Command): string {
  let printed = '';
  const before = command.configureOutput();
  command.configureOutput({ writeOut: (text) => void (printed += text) });
  command.outputHelp();
  command.configureOutput(before);
  return printed.slice(command.helpInformation().length).trim();
}

/** Helps at a terminal begin small; sentences of a page do not. */
const sentence = (text: string): string => inCell(text).replace(/^./, (first) => first.toUpperCase());

function table(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : ['', `| ${title} |  |`, '| --- | --- |', ...rows];
}

function section(command: Command): string[] {
  const words = command.registeredArguments.map(argument);
  const told = command.registeredArguments.filter((one) => one.description !== '');
  const more = after(command);
  return [
    '',
    `## ${['landfall', command.name(), ...words].join(' ')}`,
    '',
    `${sentence(command.description())}.`,
    ...table(
      'argument',
      told.map((one) => `| \`${argument(one)}\` | ${inCell(one.description)} |`),
    ),
    ...table('option', optionRows(command.options)),
    ...(more === '' ? [] : ['', more]),
  ];
}

/** Every command with its arguments and options, from what parses them. */
export function commandPage(): string {
  const commands = program.commands.filter((one) => !unlisted.includes(one.name()));
  return [
    '# The `landfall` command',
    '',
    'Every command, argument and option, from what parses them (`npm run docs` writes this page). `landfall COMMAND --help`',
    'prints the same at a terminal.',
    '',
    '## Everywhere',
    ...table('option', optionRows(program.options)),
    '',
    after(program),
    ...commands.flatMap(section),
    '',
  ].join('\n');
}
