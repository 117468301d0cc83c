import { connectors } from '../../connectors/registry.ts';
import { Config } from '../../model/config.ts';
import { RunOptions } from '../../model/options.ts';
import { inCell } from './comments.ts';
import { descriptionsOf, type Descriptions } from './described.ts';
import { settingsOf, type Setting } from './settings.ts';
import type { Sources } from './sources.ts';

const hour = 3_600_000;

/** Milliseconds as people say them. */
function spoken(ms: number): string {
  const [unit, size]: [string, number] =
    ms >= hour && ms % hour === 0 ? ['h', hour] : ms >= 60_000 && ms % 60_000 === 0 ? ['min', 60_000] : ['s', 1_000];
  return `${ms / size} ${unit}`;
}

function presetOf({ path, preset, required }: Setting): string {
  if (preset === null) return required ? '**needed**' : '';
  const ms = path.at(-1)?.endsWith('Ms') === true && Number(preset) >= 1_000 ? ` (${spoken(Number(preset))})` : '';
  return `\`${preset}\`${ms}`;
}

/** @throws Error where the code says nothing about a setting */
function rows(settings: readonly Setting[], said: Descriptions, of: string): string[] {
  const seen = new Map<string, number>();
  return settings.map((one) => {
    const path = one.path.join('.');
    const variant = seen.get(path) ?? 0;
    seen.set(path, variant + 1);
    const what = said.get(path)?.[variant];
    if (what === undefined) throw new Error(`${of} has no comment on ${path}`);
    return `| \`${path}\` | ${one.type} | ${presetOf(one)} | ${inCell(what)} |`;
  });
}

const head = ['| setting | type | default | what it is |', '| --- | --- | --- | --- |'];

/** Every setting of the configuration, of a run's options, and of each kind of connection. */
export function configurationPage(sources: Sources): string {
  const top = settingsOf(Config).filter(({ path }) => path[0] !== 'connections' && !path.includes('options'));
  const own = descriptionsOf(sources, 'model/config.ts', 'Config');
  const groups = [...new Set(top.map(({ path }) => path[0] ?? ''))];
  const sections = groups.flatMap((group) => [
    '',
    `## ${group}`,
    '',
    own.get(group)?.[0] ?? '',
    '',
    ...head,
    ...rows(
      top.filter(({ path }) => path[0] === group),
      own,
      'model/config.ts',
    ),
  ]);
  const options = descriptionsOf(sources, 'model/options.ts', 'RunOptions');
  const kinds = connectors.flatMap((kind) => {
    const file = `connectors/${kind.kind}/settings.ts`;
    return [
      '',
      `## Connections of kind ${kind.kind}`,
      '',
      `${kind.title}: \`connections.NAME\` with \`kind: '${kind.kind}'\`.`,
      '',
      ...head,
      ...rows(settingsOf(kind.settings), descriptionsOf(sources, file, 'Settings'), file),
    ];
  });
  return [
    '# Configuration',
    '',
    'Every setting of `landfall.config.ts`, from the schemas that read it (`npm run docs` writes this page). `NAME` is a name of',
    "your own. A secret is a reference, never the secret itself: `env('NAME')` for an environment variable, `file('path')` for a",
    'file; relative paths start from the configuration’s folder. A setting that is not known is refused, with its path.',
    ...sections,
    '',
    '## Options of a migration',
    '',
    '`migrations.NAME.options`: what a run may be tuned by. They are frozen in its plan when it starts.',
    '',
    ...head,
    ...rows(settingsOf(RunOptions), options, 'model/options.ts'),
    ...kinds,
    '',
  ].join('\n');
}
