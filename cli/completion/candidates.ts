import type { Argument, Command, Option } from 'commander';

/** Something that may stand where the cursor is. */
export interface Candidate {
  value: string;
  description: string;
}

/** What a word may be: one of some values, or the name of a file. */
export interface Candidates {
  values: Candidate[];
  files: boolean;
}

/** What the configuration knows of each kind of word: under the name that help gives it (`migration`, `person`). */
export type Known = Readonly<Record<string, () => Promise<Candidate[]>>>;

/** Words of help that stand for a file or a folder. */
const Files = new Set(['file', 'folder']);

/** The value that an option takes, as help calls it: `--as <person>` takes a `person`. */
function valueName(option: Option): string {
  return /[<[]([\w-]+)/.exec(option.flags)?.[1] ?? '';
}

async function valuesOf(name: string, choices: readonly string[] | undefined, known: Known): Promise<Candidates> {
  if (choices) return { values: choices.map((value) => ({ value, description: '' })), files: false };
  return { values: (await known[name]?.()) ?? [], files: Files.has(name) };
}

/** Options of a command and of those that it is part of. */
function optionsOf(command: Command): Option[] {
  const own = command.createHelp().visibleOptions(command);
  return command.parent ? [...own, ...command.parent.options] : own;
}

/** The option that is called so, where it takes a value. */
function optionOf(command: Command, flag: string): Option | null {
  const found = optionsOf(command).find(({ long, short }) => long === flag || short === flag);
  return found && (found.required || found.optional) ? found : null;
}

/** Where the cursor is: in which command, behind which option that takes a value, after how many other words. */
interface Place {
  command: Command;
  option: Option | null;
  arguments: number;
}

function placeOf(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, option: null, arguments: 0 };
  for (const word of words) {
    if (word.startsWith('-')) {
      place.option = optionOf(place.command, word);
    } else if (place.option) {
      if (!place.option.variadic) place.option = null;
    } else {
      const part = place.arguments === 0 ? place.command.commands.find((one) => one.name() === word) : undefined;
      if (part) place.command = part;
      else place.arguments += 1;
    }
  }
  return place;
}

/**
 * What may stand at the cursor.
 *
 * @param words those after the command's own name; the last one is under the cursor, and may be empty
 */
export async function candidatesFor(program: Command, words: readonly string[], known: Known): Promise<Candidates> {
  // Bash takes `--as=emil` for three words.
  const all = words.filter((word) => word !== '=');
  const last = all.at(-1) ?? '';
  const { command, option, arguments: before } = placeOf(program, all.slice(0, -1));
  const among = (values: readonly Candidate[]): Candidate[] => values.filter(({ value }) => value.startsWith(last));

  const [, flag, begun] = /^(--[\w-]+)=(.*)$/.exec(last) ?? [];
  if (flag !== undefined && begun !== undefined) {
    const found = await candidatesFor(program, [...all.slice(0, -1), flag, begun], known);
    return { ...found, values: found.values.map((one) => ({ ...one, value: `${flag}=${one.value}` })) };
  }
  if (last.startsWith('-')) {
    const options = optionsOf(command).flatMap(({ long, description }) => (long ? [{ value: long, description }] : []));
    return { values: among(options), files: false };
  }
  if (option) {
    const found = await valuesOf(valueName(option), option.argChoices, known);
    return { ...found, values: among(found.values) };
  }
  const parts = command.createHelp().visibleCommands(command);
  if (parts.length > 0 && before === 0) {
    const values = parts.map((one) => ({ value: one.name(), description: one.description() }));
    return { values: among(values), files: false };
  }
  const argument: Argument | undefined = command.registeredArguments[before];
  if (!argument) return { values: [], files: false };
  const found = await valuesOf(argument.name(), argument.argChoices, known);
  return { ...found, values: among(found.values) };
}
