import * as builders from '../../model/builders.ts';

/** Builders that a block names and does not make itself. */
function imported(text: string): string {
  const named = Object.keys(builders).filter((name) => new RegExp(`\\b${name}\\b(?=[(\`])`).test(text));
  return named.length === 0 ? '' : `import { ${named.join(', ')} } from 'landfall';`;
}

/** Makes partial blocks whole with what they go without on the page: by the name that a comment before the block gives. */
export const preambles: Record<string, (text: string) => string> = {
  /** The builders that it uses. */
  builders: (text) => `${imported(text)}\n${text}`,
  /** Some fields of an entity. */
  fields: (text) => `${imported(text)}\nexport const fields = {\n${text}\n};`,
  /** The words that connectors share. */
  port: (text) => `import type { TargetCollection } from 'landfall/connector';\n${text}`,
};
