import {
  isFunctionDeclaration,
  isIdentifier,
  isInterfaceDeclaration,
  type FunctionDeclaration,
  type Node,
} from 'typescript/unstable/ast';
import { commentOf, inCell } from './comments.ts';
import type { Sources } from './sources.ts';

/** The door of the package, as package.json's `exports` has it. */
const door = 'model/builders.ts';

/** The files that the door's builders come from, in the order in which a blueprint's author meets them. */
const chapters: readonly [file: string, title: string, what: string][] = [
  ['model/builders.ts', 'Blueprints', 'What moves, how, and what must hold afterwards.'],
  ['model/sql.ts', 'Expressions', 'SQL over the staged row, in DuckDB’s dialect.'],
  ['model/shape.ts', 'Shapes', 'What the target can hold in a field; `.nullable()` marks what may be empty.'],
  ['model/config.ts', 'Configuration', 'What `landfall.config.ts` is made of.'],
];

interface Builder {
  name: string;
  declared: FunctionDeclaration;
  file: string;
}

function builders(sources: Sources): Builder[] {
  const file = sources.file(door);
  const module = sources.checker.getSymbolAtLocation(file);
  if (!module) throw new Error(`${door} exports nothing`);
  return sources.checker.getExportsOfModule(module).flatMap((symbol) => {
    const at = symbol.declarations[0]?.resolve();
    const name = at && 'name' in at ? (at.name as Node) : undefined;
    const declared = name && isIdentifier(name) ? sources.declarationOf(name) : undefined;
    return declared && isFunctionDeclaration(declared)
      ? [{ name: symbol.name, declared, file: sources.pathOf(declared.getSourceFile()) }]
      : [];
  });
}

/** A function's head as it stands in the code, without its body. */
function head(declared: FunctionDeclaration): string {
  const text = declared.getText();
  const body = declared.body?.getFullText() ?? '';
  return text
    .slice(0, text.length - body.length)
    .replace(/^export /, '')
    .trimEnd();
}

/** The options that several builders take: the types that their heads name and that only the door's file knows. */
function sharedOptions(sources: Sources): string {
  const own = sources.file(door).statements.filter((one) => isInterfaceDeclaration(one));
  return own
    .map((one) => one.getText())
    .filter((text) => text.startsWith('interface'))
    .join('\n\n');
}

function section({ name, declared }: Builder): string[] {
  const { text, tags } = commentOf(declared);
  if (text === '') throw new Error(`${name} has no comment`);
  const told = (tag: string): string[] => tags.filter((one) => one.name === tag).map((one) => one.text);
  const list = [
    ...told('param').map((one) => one.replace(/^(\S+)\s+/, (_all, which: string) => `- \`${which}\`: `)),
    ...told('throws').map((one) => `- Throws ${one}`),
  ];
  return [
    '',
    `### ${name}`,
    '',
    text,
    ...(list.length === 0 ? [] : ['', ...list.map(inCell)]),
    '',
    '```text',
    head(declared),
    '```',
    ...told('example').flatMap((one) => ['', '<!-- preamble: builders -->', '', '```ts', one, '```']),
  ];
}

/** Everything that `landfall` exports for blueprints and configurations, with what its code says of it. */
export function buildersPage(sources: Sources): string {
  const all = builders(sources);
  const shared = sharedOptions(sources);
  const unplaced = all.find((one) => !chapters.some(([file]) => file === one.file));
  if (unplaced) throw new Error(`${unplaced.name} comes from ${unplaced.file}, which no chapter of the page has`);
  return [
    '# Builders',
    '',
    'What a blueprint and a configuration are made of: every function that `landfall` exports, with what its code says of it',
    '(`npm run docs` writes this page). Names in a shape, in `fields` and in references are checked by the compiler.',
    ...chapters.flatMap(([file, title, what]) => [
      '',
      `## ${title}`,
      '',
      what,
      ...all.filter((one) => one.file === file).flatMap(section),
      ...(file === door ? ['', '### Options that several take', '', '```text', shared, '```'] : []),
    ]),
    '',
  ].join('\n');
}
