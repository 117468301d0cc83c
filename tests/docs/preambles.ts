import * as builders from '../../model/builders.ts';

/** Builders that a block names and does not make itself. */
function imported(text: string): string {
  const named = Object.keys(builders).filter((name) => new RegExp(`\\b${name}\\b(?=[(\`])`).test(text));
  return named.length === 0 ? '' : `import { ${named.join(', ')} } from 'landfall';`;
}

/** What partial blocks go without on the page: by the name that a comment before the block gives. */
export const preambles: Record<string, (text: string) => string> = {
  /** The builders that it uses. */
  builders: imported,
  /** The words that connectors share. */
  port: () => `import type { TargetCollection } from 'landfall/connector';`,
};
