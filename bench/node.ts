import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../bin/landfall.cjs', import.meta.url));

/** This Node with the options that the command's first line gives it, for whatever stands for a worker. */
export function node(): string[] {
  const [, options = ''] = /^#!.*?\bnode\b(.*)/.exec(readFileSync(launcher, 'utf8')) ?? [];
  return [process.execPath, ...options.trim().split(' ')];
}
