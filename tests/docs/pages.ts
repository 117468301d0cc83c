import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import { marked, type Token } from 'marked';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block, with what comments right before it say to the tests: `<!-- preamble: builders -->`. */
export interface Block {
  page: string;
  /** Where the block begins, for the messages of tests. */
  line: number;
  language: string;
  text: string;
  told: ReadonlyMap<string, string>;
}

/** Everything in a page that a test can try. */
export interface Page {
  /** From the root of the repository. */
  path: string;
  blocks: Block[];
  /** Targets of links and pictures as they are written. */
  links: string[];
  /** What `#…` may name in the page. */
  anchors: ReadonlySet<string>;
}

const Comment = /^<!--\s*([a-z]+)(?::\s*(.*?))?\s*-->$/;

function read(path: string): Page {
  const text = readFileSync(join(root, path), 'utf8');
  const slugger = new GithubSlugger();
  const page = { path, blocks: [] as Block[], links: [] as string[], anchors: new Set<string>() };
  let told = new Map<string, string>();
  let offset = 0;
  const each = (token: Token): void => {
    if (token.type === 'link' || token.type === 'image') page.links.push(String(token['href']));
    if (token.type === 'heading') page.anchors.add(slugger.slug(plain(token)));
    for (const [, id] of token.raw.matchAll(/<a id="([^"]+)">/g)) page.anchors.add(id ?? '');
    for (const [, src] of token.type === 'html' ? token.raw.matchAll(/(?:src|srcset|href)="([^"]+)"/g) : [])
      page.links.push(src ?? '');
  };
  for (const token of marked.lexer(text)) {
    const [, name, value = ''] = token.type === 'html' ? (Comment.exec(token.raw.trim()) ?? []) : [];
    if (name !== undefined) told.set(name, value);
    if (token.type === 'code') {
      const line = text.slice(0, offset).split('\n').length;
      page.blocks.push({ page: path, line, language: String(token['lang'] ?? ''), text: String(token['text']), told });
    }
    if (token.type !== 'space' && name === undefined) told = new Map();
    void marked.walkTokens([token], each);
    offset += token.raw.length;
  }
  return page;
}

/** A heading's text without its marks: what its anchor is made of. */
function plain(token: Token): string {
  const parts = 'tokens' in token && token.tokens ? token.tokens : [];
  return parts.length === 0 ? String('text' in token ? token.text : '') : parts.map(plain).join('');
}

/** Every page that people read: README, CONTRIBUTING, and all below docs/. */
export function readPages(): Page[] {
  const below = globSync('docs/**/*.md', { cwd: root }).map((path) => relative(root, join(root, path)));
  return ['README.md', 'CONTRIBUTING.md', 'connectors/postgres/TYPES.md', ...below.toSorted()].map(read);
}
