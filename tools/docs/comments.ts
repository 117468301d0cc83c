import type { Node } from 'typescript/unstable/ast';

/** A doc comment: its text, and its tags in their order. */
export interface Comment {
  text: string;
  tags: { name: string; text: string }[];
}

/** The doc comment of a declaration; blank where there is none. */
export function commentOf(node: Node | undefined): Comment {
  const raw = node?.jsDoc?.at(-1)?.getText() ?? '';
  const lines = raw
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  const text: string[] = [];
  const tags: Comment['tags'] = [];
  for (const line of lines) {
    const [, name, rest = ''] = /^\s*@(\w+)\s*(.*)$/.exec(line) ?? [];
    const last = tags.at(-1);
    if (name !== undefined) tags.push({ name, text: rest });
    else if (last) last.text += `\n${line}`;
    else text.push(line);
  }
  for (const tag of tags) tag.text = tag.text.trim();
  return { text: text.join('\n').trim(), tags };
}

/** A doc comment on one line, as a cell of a table holds it. */
export function inCell(text: string): string {
  return text
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', String.raw`\|`)
    .trim();
}
