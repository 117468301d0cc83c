import { readFileSync } from 'node:fs';

const root = import.meta.url.endsWith('.ts') ? '..' : '../..';
const text = readFileSync(new URL(`${root}/package.json`, import.meta.url), 'utf8');

/** Landfall's release. */
export const { version } = JSON.parse(text) as { version: string };
