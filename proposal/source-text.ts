/** Columns of a line of generated text. */
export const Width = 120;

/** A text as a TypeScript string. */
export function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n');
  return `'${escaped}'`;
}

/** A property's name: quoted where it has to be. */
export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
}

/** A mapping expression as a blueprint writes it. */
export function sqlText(expression: string): string {
  // A template keeps these signs for itself, and a raw one has no way to escape them.
  return /[`\\]|\$\{/.test(expression) ? `rawSql(${quote(expression)})` : `sql\`${expression}\``;
}

/** Lines no longer than is pleasant, broken between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  // What stands between backquotes stays on one line.
  for (const [word] of text.matchAll(/(?:`[^`]*`|\S)+/g)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** A comment of whole sentences above what it is about. */
export function comment(text: string, indent: string): string[] {
  return wrapped(text, Width - indent.length - 3).map((line) => `${indent}// ${line}`);
}

/** What a person has to decide; `landfall check` finds it by its first word. */
export function decision(text: string, indent: string): string[] {
  return comment(`decide: ${text}`, indent);
}

/** Code to begin with, as a comment. Set in, so that it does not belong to the sentences above it. */
export function codeComment(code: readonly string[], indent: string): string[] {
  return code.map((line) => `${indent}//   ${line}`);
}

/** A documentation comment. */
export function docComment(sentences: readonly string[]): string[] {
  const text = sentences.join(' ').replaceAll('*/', '* /');
  const lines = wrapped(text, Width - 3);
  return lines.length === 1 ? [`/** ${lines[0] ?? ''} */`] : ['/**', ...lines.map((line) => ` * ${line}`), ' */'];
}

/** `name: [a, b],` on one line, or one a line where that would be too long. */
export function listLines(open: string, items: readonly string[], close: string, indent: string): string[] {
  const line = `${indent}${open}${items.join(', ')}${close}`;
  return line.length <= Width
    ? [line]
    : [`${indent}${open.trimEnd()}`, ...items.map((item) => `${indent}  ${item},`), `${indent}${close.trimStart()}`];
}

/** `import { a, b } from 'x';` */
export function importLines(names: readonly string[], from: string): string[] {
  const line = `import { ${names.join(', ')} } from ${quote(from)};`;
  return line.length <= Width ? [line] : ['import {', ...names.map((name) => `  ${name},`), `} from ${quote(from)};`];
}
