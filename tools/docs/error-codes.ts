import { inCell } from './comments.ts';
import { Failures, type Failure } from './failures.ts';
import type { Sources } from './sources.ts';

/** Where failures that users meet come from. */
export const folders = [
  'model',
  'mapping',
  'workflows',
  'activities',
  'connectors',
  'staging',
  'reconcile',
  'proposal',
  'cli',
  'worker',
  'sandbox',
] as const;

/** What codes that begin alike are about, in the order of a migration. */
const families: Record<string, string> = {
  init: 'Making a project',
  config: 'The configuration',
  blueprint: 'The blueprint',
  mapping: 'Expressions of a mapping',
  lookup: 'Reference data',
  control: 'Controls',
  attachments: 'Attachments',
  temporal: 'The Temporal server',
  worker: 'Workers',
  run: 'Runs',
  plan: 'Plans',
  source: 'The source',
  lease: 'The source’s snapshot',
  extract: 'Extraction',
  target: 'The target',
  load: 'Loading',
  'read-back': 'Reading back',
  ready: 'Rows that are ready',
  staging: 'Staging',
  duckdb: 'DuckDB',
  accounting: 'Row accounting',
  compare: 'Comparison',
  corrections: 'Corrections of rejects',
  report: 'Reports',
  output: 'Files that a command writes',
  decision: 'Decisions of people',
  'cut-over': 'The cut-over',
  evidence: 'Evidence',
  dispose: 'Disposal',
  codec: 'The codec endpoint',
  sandbox: 'The practice ground',
};

function folderOf({ file }: Failure): string {
  const [first = '', second = ''] = file.split('/');
  return first === 'connectors' && !second.endsWith('.ts') ? `${first}/${second}` : first;
}

/** Sentences of which some end in another one's end: one full stop is enough. */
const listed = (texts: readonly string[]): string =>
  [...new Set(texts.map((one) => one.replace(/([a-z])\.\.$/, '$1.')))]
    .filter((one) => one !== '' && one !== '…')
    .map(inCell)
    .join('<br>');

function rowsOf(failures: readonly Failure[]): string[] {
  const codes = [...new Set(failures.map((one) => one.code))].sort();
  return codes.map((code) => {
    const all = failures.filter((one) => one.code === code);
    const places = [...new Set(all.map(folderOf))].sort().map((one) => `\`${one}\``);
    return `| <a id="${code.replace('.', '')}"></a>\`${code}\` | ${listed(all.map((one) => one.what))} | ${listed(all.map((one) => one.hint))} | ${places.join(', ')} |`;
  });
}

/** Every code that a failure or a finding can have, with what it says, what to do, and where it comes from. */
export function errorCodesPage(sources: Sources): string {
  const all = new Failures(sources).all(folders);
  const familyOf = ({ code }: Failure): string => code.split('.')[0] ?? '';
  const unplaced = all.find((one) => families[familyOf(one)] === undefined);
  if (unplaced) throw new Error(`${unplaced.code} is of no family that tools/docs/error-codes.ts knows`);
  return [
    '# Error codes',
    '',
    'Every code that a failure or a finding of `landfall check` can have: what it says, what to do, and the folder of the code that',
    'says so (`npm run docs` writes this page from the sources). `…` stands for what is only known when it happens. Besides',
    'these there is `unexpected`, for what nobody foresaw, and `aborted`, for what a person ended. What to look at first is in',
    '[troubleshooting](../guides/troubleshooting.md).',
    ...Object.entries(families).flatMap(([family, title]) => {
      const own = all.filter((one) => familyOf(one) === family);
      if (own.length === 0) throw new Error(`no code begins with ${family} any more`);
      return [
        '',
        `## ${title}`,
        '',
        '| code | what it says | what to do | from |',
        '| --- | --- | --- | --- |',
        ...rowsOf(own),
      ];
    }),
    '',
  ].join('\n');
}
